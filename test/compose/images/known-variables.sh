# Read by the entrypoints. An environment with a variable that an image's documentation doesn't name fails the start: a
# fragment that sets it would do nothing on the official image. `ours PATTERN` says which variables belong to the image.

# require_known OURS NAME...: every variable that matches the pattern OURS has to be one of the names.
require_known() {
  local ours=$1 name unknown=
  shift
  while IFS='=' read -r -d '' name _; do
    [[ $name =~ ^($ours)$ ]] || continue
    for known in "$@"; do [[ $name == "$known" ]] && continue 2; done
    unknown+=" $name"
  done < <(env -0)
  [ -z "$unknown" ] && return
  echo "variables that this image does not know:$unknown" >&2
  exit 64
}

# properties PREFIX: each variable PREFIX_A_B=x as a.b=x, as the official Kafka images turn them into properties.
properties() {
  local name value
  while IFS='=' read -r -d '' name value; do
    [[ $name == "$1"_* ]] || continue
    name=${name#"$1"_}
    name=${name,,}
    printf '%s=%s\n' "${name//_/.}" "$value"
  done < <(env -0)
}
