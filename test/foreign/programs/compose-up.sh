#!/bin/sh
# Brings an application of Compose up where only it has a network, does what its file says that one
# does first, and takes it down again. $1: folder of compose.yml, $2: socket for podman's service;
# services follow.
set -eu
ip link set lo up
podman system service --time=0 "unix://$2" >&2 &
export DOCKER_HOST="unix://$2"
cd "$1"
shift 2

# Tries a command once a second, for a minute.
try() {
  for second in $(seq 60); do
    if "$@"; then return 0; fi
    sleep 1
  done
  docker-compose logs --no-color >&2
  return 1
}

try docker-compose version > /dev/null
trap 'docker-compose down --timeout 10 >&2' EXIT
docker-compose up --detach --no-build "$@" >&2
try curl --silent --fail 127.0.0.1:8080
docker-compose exec -T sluice node /sluice/dist/control/cli/main.js shift web v2=10%
curl --silent '127.0.0.1:8080/[1-100]' | sort | uniq -c
try sh -c 'curl --silent "127.0.0.1:9090/api/v1/query?query=up" | grep "\"1\"\]"'
