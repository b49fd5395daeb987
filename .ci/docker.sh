# A Docker of one run's own, for .ci/run: started by hand, ended with what it leaves behind. Needs dockerd, iptables, ip, go, nginx,
# haproxy and node.

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

# Stand-ins of what Dockerfile, docker-compose.yml and proxies in containers are based on, made of this machine's node, nginx and
# HAProxy. Where `npm ci` would download, the modules of this checkout are laid.
make_base_images() {
  local node="$docker_home/node" nginx="$docker_home/nginx" haproxy="$docker_home/haproxy" root
  for root in "$node" "$nginx" "$haproxy"; do
    mkdir -p "$root"/{etc,tmp,root,var/log/nginx} && chmod 1777 "$root/tmp"
    printf '%s:x:%s:%s::/tmp:/bin/sh\n' root 0 0 node 1000 1000 nobody 65534 65534 >"$root/etc/passwd"
    printf '%s:x:%s:\n' root 0 node 1000 nogroup 65534 >"$root/etc/group"
  done
  copy_programs "$node" node sh env cp mv rm mkdir ln chown tar gzip || return 1
  mkdir -p "$node/usr/lib/node_modules" && cp -r "$(npm root -g)/npm" "$node/usr/lib/node_modules/" || return 1
  node -p 'Object.entries(require("./package-lock.json").packages).map(([path, { dev }]) => (dev ? "" : path.slice(13)))
    .filter((path) => path && fs.existsSync("node_modules/" + path)).join("\n")' >"$node/shipped" || return 1
  cat >"$node/usr/bin/npm" <<'EOF'
#!/bin/sh
case "$*" in
  ci*omit=dev*) mkdir node_modules && tar -C /checkout -cT /shipped | tar -C node_modules -x ;;
  ci*) cp -r /checkout node_modules ;;
  *) exec node /usr/lib/node_modules/npm/bin/npm-cli.js "$@" ;;
esac
EOF
  chmod +x "$node/usr/bin/npm"
  import_image "$node" node:20-bookworm-slim -C "$(dirname "$(realpath node_modules)")" --transform 's,^node_modules,checkout,S' node_modules ||
    return 1
  copy_programs "$nginx" nginx && import_image "$nginx" nginx:1.27-alpine || return 1
  copy_programs "$haproxy" haproxy && import_image "$haproxy" haproxy:2.6-alpine
}

# ROOT PROGRAM...: into its /usr/bin, with what they are linked with.
copy_programs() {
  local root="$1" program
  mkdir -p "$root/usr/bin" "$root/bin" "$root/usr/local/bin"
  for program in "${@:2}"; do
    cp -L "$(command -v "$program")" "$root/usr/bin/$program" || return 1
    ldd "$root/usr/bin/$program" | grep -oE '/\S+\.so\S*' | xargs -r cp -L --parents -u -t "$root"
  done
  [ ! -e "$root/usr/bin/sh" ] || ln -sf /usr/bin/sh "$root/bin/sh"
}

# ROOT NAME [MORE...]: what more tar shall take.
import_image() {
  tar -C "$1" -c . "${@:3}" | docker import -c 'ENV PATH=/usr/local/bin:/usr/bin:/bin' - "$2" >/dev/null && rm -rf "$1"
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
  # The network namespace of containers on the host's network stays mounted.
  umount "$docker_home"/exec/netns/* 2>/dev/null
  rm -rf "$docker_home"
}
