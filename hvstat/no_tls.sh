#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Prints C that stands for GnuTLS, which has no static library: libmicrohttpd refers to it for HTTPS, which hvstat does
# not use. All that is ever called is the initialization, which has nothing to do.
set -euo pipefail
library=$(${CC:-gcc} -print-file-name=libmicrohttpd.a)
[[ -e $library ]] || { echo "no libmicrohttpd.a: run scripts/install-deps.sh" >&2; exit 1; }
nm -u "$library" 2>/dev/null | sed -n 's/^ *U \(gnutls_[a-z0-9_]*\)$/\1/p' | LC_ALL=C sort -u |
    while read -r name; do
        if [[ $name == gnutls_global_init ]]; then status=0; else status=-1; fi
        echo "int $name(void); int $name(void) { return $status; }"
    done
