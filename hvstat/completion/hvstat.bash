# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Completion of hvstat's commands and options for bash; counter paths come from hvstat itself.

_hvstat() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' i options=''
    local commands='top counters get exits serve record report advise help'
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --root | --proc) i=$((i + 1)) ;;
        -*) ;;
        *) command=${COMP_WORDS[i]} && break ;;
        esac
    done
    case $before in
    --root | --proc | -cf | -o | --output) mapfile -t COMPREPLY < <(compgen -f -- "$word") && return ;;
    -f) if [[ $command == get ]]; then options='csv tsv json'; fi ;;
    --sort) options='name total guest hyper wait intercepts interrupts hypercalls' ;;
    esac
    if [[ -z $options ]]; then
        case $command in
        '') options="$commands --root --proc --no-names --no-wake --version --help" ;;
        top) options='-d --delay -b --batch -n --iterations -1 -j --json -o --sort -f --filter -v --vps -l --lps -z --skip-zero --no-colour --help' ;;
        counters) options='-j --json --help' ;;
        get) options='-si -sc -f -o -y -cf -q -qx --help' ;;
        exits) options='-d --duration -i --step -j --json --help' ;;
        serve) options='-l --listen -m --match -z --skip-zero -a --max-age --help' ;;
        record) options='-d --delay -t --time -s --size -k --keep --help' ;;
        report) options='-o --output -j --json --help' ;;
        advise) options='-d --duration -j --json --help' ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    if [[ $command == record || $command == report ]] && [[ $word != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}
complete -o filenames -F _hvstat hvstat
