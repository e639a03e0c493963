#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Debian's Prometheus: promtool's opinion of the metrics, a real scrape, and every query of the Grafana dashboard.
# shellcheck source=tests/hvstat/common.sh
. "$(dirname "$0")/common.sh"

if ! command -v prometheus >/dev/null || ! command -v promtool >/dev/null; then skip "prometheus is not installed"; exit; fi
live_tree 4 4 3 2
background serve -l 127.0.0.1:0 >"$work/url"
until_true 50 grep -q http "$work/url"
target=$(sed -E 's,http://(.*)/metrics,\1,' "$work/url")
curl -s "http://$target/metrics" >"$work/metrics"
check "promtool check metrics" promtool check metrics <"$work/metrics"
check "promtool has nothing to say" test -z "$(promtool check metrics <"$work/metrics" 2>&1)"

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$work/prometheus.yml" <<YML
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs: [{job_name: hvstat, static_configs: [{targets: ["$target"]}]}]
YML
check "its configuration" promtool check config "$work/prometheus.yml"
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" --web.listen-address="127.0.0.1:$port" \
    --log.level=warn >"$work/prometheus.log" 2>&1 &
started+=($!)
query() { curl -s -m 10 -G --data-urlencode "query=$1" "http://127.0.0.1:$port/api/v1/query"; }
up() { query up | grep -q '"value":\[[0-9.]*,"1"\]'; }
if until_true 300 up; then ok; else fail "Prometheus does not scrape: $(tail -n 3 "$work/prometheus.log")"; fi
sleep 7 # some samples for the rates
check "no sample was refused" test "$(query 'scrape_samples_scraped - scrape_samples_post_metric_relabeling' | grep -c ',"0"\]')" = 1
check "as many samples as lines" test "$(query scrape_samples_scraped | sed -E 's/.*"([0-9]+)"\]\}.*/\1/')" = \
    "$(grep -vc '^#' "$work/metrics")"
near "a rate" "$(query 'rate(windows_hyperv_hypervisor_virtual_processor_cpuid_instructions_total{vm="partition 102",core="0"}[5s])' |
    sed -E 's/.*"([0-9.]+)"\]\}.*/\1/')" 2000 15
near "a cost" "$(query 'sum(rate(windows_hyperv_hypervisor_virtual_processor_io_instructions_seconds_total[5s])) / sum(rate(windows_hyperv_hypervisor_virtual_processor_io_instructions_total[5s]))' |
    sed -E 's/.*"([0-9.e-]+)"\]\}.*/\1/')" 0.00002 5

# Every query of the dashboard: it is PromQL, and there is something to draw.
python3 - "$REPO/hvstat/grafana/hvstat.json" "http://127.0.0.1:$port" "$target" >"$work/queries" <<'PY'
import json, sys, urllib.parse, urllib.request
dashboard = json.load(open(sys.argv[1]))
for panel in dashboard["panels"]:
    for target in panel["targets"]:
        expression = target["expr"]
        for variable, value in (("$__rate_interval", "5s"), ("$instance", sys.argv[3].replace(".", "\\\\.")), ("$vm", ".*")):
            expression = expression.replace(variable, value)
        assert "$" not in expression, expression
        url = sys.argv[2] + "/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            answer = json.load(urllib.request.urlopen(url, timeout=10))
            good = answer["status"] == "success" and bool(answer["data"]["result"])
        except Exception as error:
            good, answer = False, error
        print("good" if good else "bad", panel["title"], target["refId"], "" if good else (expression, answer))
for variable in dashboard["templating"]["list"]:
    if variable["type"] != "query":
        continue
    metric, label = variable["query"][len("label_values("):-1].rsplit(", ", 1)
    url = sys.argv[2] + f"/api/v1/label/{label}/values?" + urllib.parse.urlencode({"match[]": metric.replace("$instance", ".*")})
    print("good" if json.load(urllib.request.urlopen(url, timeout=10))["data"] else "bad", "variable", variable["name"])
PY
echo "the dashboard's queries: $(grep -c ^good "$work/queries") answered"
passed=$((passed + $(grep -c ^good "$work/queries")))
while read -r line; do fail "$line"; done < <(grep -v ^good "$work/queries")
check "there are queries" test "$(grep -c ^good "$work/queries")" -gt 40
