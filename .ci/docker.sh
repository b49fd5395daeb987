# A Docker of one run's own, for .ci/run: started by hand, ended with what it leaves behind. Needs dockerd, iptables, ip and go.

docker_home="$(mktemp -d)"
docker_forward="$(iptables -S FORWARD 2>/dev/null | head -1)"
ip link show docker0 >/dev/null 2>&1 && docker_shared=yes

start_docker() {
  export DOCKER_HOST="unix://$docker_home/docker.sock"
  dockerd --data-root "$docker_home/root" --exec-root "$docker_home/exec" -H "$DOCKER_HOST" \
    --pidfile "$docker_home/pid" >"$docker_home/log" 2>&1 &
  dockerd=$!
  for _ in $(seq 300); do
    docker info >/dev/null 2>&1 && return
    kill -0 "$dockerd" 2>/dev/null || break
    sleep 0.1
  done
  tail -20 "$docker_home/log" >&2
  return 1
}

# No image can be pulled: Toxiproxy's is made of its program, statically linked, and has the official name.
make_toxiproxy_image() {
  mkdir "$docker_home/image"
  CGO_ENABLED=0 GOBIN="$docker_home/image" go install -ldflags '-X github.com/Shopify/toxiproxy/v2.Version=2.12.0' \
    github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0 || return 1
  tar -C "$docker_home/image" -c server | docker import -c 'ENTRYPOINT ["/server"]' -c 'CMD ["-host=0.0.0.0"]' \
    -c 'EXPOSE 8474' - ghcr.io/shopify/toxiproxy:2.12.0 >/dev/null
}

end_docker() {
  if [ -n "${dockerd:-}" ]; then
    kill "$dockerd" 2>/dev/null
    wait "$dockerd" 2>/dev/null
  fi
  # Its bridge, its rules and the policy of a router stay, unless they are another Docker's as well.
  if [ -z "${docker_shared:-}" ]; then
    ip link delete docker0 2>/dev/null
    local table rule chain
    for table in nat filter; do
      iptables -t "$table" -S | sed -nE 's/^-A ((PREROUTING|OUTPUT|POSTROUTING|FORWARD) .*(DOCKER|docker0).*)/\1/p' |
        while read -r rule; do eval "iptables -t $table -D $rule"; done
      for chain in $(iptables -t "$table" -S | sed -n 's/^-N \(DOCKER.*\)/\1/p'); do iptables -t "$table" -F "$chain"; done
      for chain in $(iptables -t "$table" -S | sed -n 's/^-N \(DOCKER.*\)/\1/p'); do iptables -t "$table" -X "$chain"; done
    done
    eval "iptables $docker_forward"
  fi
  rm -rf "$docker_home"
}
