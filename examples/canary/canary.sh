#!/bin/sh
# Moves a service to another version in steps, and takes everything back as soon as more of the new
# version's requests fail than are allowed, or when it is interrupted.
#
#   canary.sh SERVICE NEW-VERSION [PERCENT …]      default: 1 5 25 50 100
#
# Sluice does better by itself (`sluice rollout start`): it compares both versions each second. This
# is for those who want the decision in their own hands, and a beginning for scripts of your own.
set -eu

service=${1:?usage: canary.sh SERVICE NEW-VERSION [PERCENT …]}
new=${2:?usage: canary.sh SERVICE NEW-VERSION [PERCENT …]}
shift 2
[ $# -gt 0 ] || set -- 1 5 25 50 100

: "${METRICS:=http://127.0.0.1:9181/metrics}" # where the sidecar's metrics are
: "${STEP_SECONDS:=60}"                       # how long each step is watched
: "${ERRORS_PER_1000:=10}"                    # how many of 1000 requests may fail
: "${REQUESTS_MIN:=20}"                       # with fewer a step goes on

# Requests of the new version so far, and those of them that got 5xx: "1000 3".
counts() {
  curl -fsS --max-time 5 "$METRICS" | awk -v where="service=\"$service\",version=\"$new\"" '
    index($0, "sluice_requests_total{" where) == 1 {
      all += $NF
      if (index($0, "code=\"5xx\"")) failed += $NF
    }
    END { printf "%d %d\n", all, failed }'
}

back() {
  trap - INT TERM
  echo "canary: $1; everything goes back" >&2
  sluice shift "$service" "$new=0%" --reason "canary: $1"
  exit 1
}
trap 'back "interrupted"' INT TERM

for percent in "$@"; do
  sluice shift "$service" "$new=$percent%" --reason "canary: step to $percent %" || exit 1
  before=$(counts) || back "no metrics"
  while :; do
    sleep "$STEP_SECONDS"
    after=$(counts) || back "no metrics"
    requests=$((${after% *} - ${before% *}))
    failed=$((${after#* } - ${before#* }))
    echo "canary: $percent %: $failed of $requests requests failed"
    if [ $((failed * 1000)) -gt $((requests * ERRORS_PER_1000)) ]; then
      back "$failed of $requests requests failed at $percent %"
    fi
    [ "$requests" -ge "$REQUESTS_MIN" ] && break
  done
done
echo "canary: $service is at $new"
