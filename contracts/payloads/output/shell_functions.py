"""What every script of `shell_script` begins with: POSIX shell, with curl, awk, base64 and gunzip."""

from __future__ import annotations

# `@title@`, `@credential@`, `@new_session@` and `@fill@` are replaced. What a server answers is data of these commands,
# an argument or a variable, and never a part of what awk, sed or the shell runs.
FUNCTIONS = r"""#!/bin/sh
# Edge cases of @title@, each with the statuses that are right for it. Made by `specimen payloads`.
#
# SPECIMEN_URL           the base URL of an implementation
# SPECIMEN_TOKEN         a credential that it takes
# SPECIMEN_ALLOW_WRITES  hosts that are yours, with spaces between: one that is not this machine is sent nothing else
#
# A request that is about a session gets a new one. A line for each case, a tally at the end on the error stream.
# Exit codes: 0 all as they should be, 1 some are not, 2 used wrongly.
set -f
LC_ALL=C
export LC_ALL
line_end='
'
good=0 bad=0

refuse() {
  printf 'error: %s\n' "$1" >&2
  exit 2
}

for command in curl awk sed base64 gunzip; do
  command -v "$command" >/dev/null || refuse "'$command' is not installed; this script needs it."
done
[ -n "${SPECIMEN_URL-}" ] || refuse 'SPECIMEN_URL is missing: the base URL of an implementation.'
[ -n "${SPECIMEN_TOKEN-}" ] || refuse 'SPECIMEN_TOKEN is missing: a credential that the implementation takes.'
url=${SPECIMEN_URL%/}
case $url in
*[!!-~]* | *\\*) refuse 'SPECIMEN_URL: expected a URL without spaces.' ;;
http://?* | https://?*) ;;
*) refuse 'SPECIMEN_URL: expected http:// or https:// and a host.' ;;
esac
named=${url#*://}
named=${named%%[/?#]*}
named=$(printf '%s' "${named##*@}" | tr '[:upper:]' '[:lower:]')
case $named in
\[*\]*)
  host=${named#\[}
  host=${host%%\]*}
  ;;
*) host=${named%%:*} ;;
esac
is_allowed=no
case $host in
localhost | ::1) is_allowed=here ;;
*[!0-9.]* | *.*.*.*.*) ;;
127.*.*.*) is_allowed=here ;;
esac
for one in ${SPECIMEN_ALLOW_WRITES-}; do
  case $is_allowed,$one in
  no,"$host" | no,"$named") is_allowed=yes ;;
  esac
done
case $is_allowed in
no) refuse "SPECIMEN_URL: '$host' is not this machine and may be a production host. \
If it is yours, name it in SPECIMEN_ALLOW_WRITES." ;;
here) # A proxy of the environment is for other machines.
  no_proxy='*'
  export no_proxy
  ;;
esac

# A request: curl's arguments.
ask() {
  curl -q -s -g --path-as-is -m 30 -H "@credential@" "$@"
}

# The same with a body on standard input: compressed, in base64.
ask_packed() {
  base64 -d | gunzip | ask "$@" --data-binary @-
}

# The same, with a session's ids in the body.
ask_filled() {
  base64 -d | gunzip | fill | ask "$@" --data-binary @-
}

# Puts ids in place of `{session}` and the like. They come by the environment, of which awk reads no escapes.
fill() {
  @fill@ awk '
    BEGIN { count = split(ENVIRON["names"], names, " ") }
    {
      for (one = 1; one <= count; one++) {
        name = "{" names[one] "}"
        variable = "id_" names[one]
        gsub(/:/, "_", variable)
        line = ""
        while (at = index($0, name)) {
          line = line substr($0, 1, at - 1) ENVIRON[variable]
          $0 = substr($0, at + length(name))
        }
        $0 = line $0
      }
      printf "%s%s", (NR > 1 ? "\n" : ""), $0
    }'
}

# Keeps the status of an answer in $status, and its body, if it is a success, in $answer. How to ask; curl's arguments.
fetch() {
  how=$1
  shift
  answer=$("$how" -w '\n%{http_code}' "$@")
  status=${answer##*"$line_end"}
  answer=${answer%"$line_end"*}
  case $status in
  2??) ;;
  *) answer= ;;
  esac
}

# Prints the first text of $answer that is called $1 or $1 and "id", whatever its underscores and capitals; where there is one
# at the JSON pointer $2, that one.
shown() {
  printf '%s\n' "$answer" | awk -v name="$1" -v own="$2" '
    function plain(text) { gsub(/_/, "", text); return tolower(text) }
    { rest = rest $0 " " }
    END {
      name = plain(name)
      while (match(rest, /^[ \t\r]*("([^"\\]|\\.)*"|[][{}:,]|[^][{}:," \t\r]+)/)) {
        token = substr(rest, 1, RLENGTH)
        rest = substr(rest, RLENGTH + 1)
        sub(/^[ \t\r]+/, "", token)
        if (token == "{" || token == "[") { kind[++depth] = token; at[depth] = token == "[" ? 0 : ""; is_key = token == "{" }
        else if (token == "}" || token == "]") { depth--; is_key = 0 }
        else if (token == ":") is_key = 0
        else if (token == ",") { if (kind[depth] == "[") at[depth]++; else is_key = 1 }
        else if (token ~ /^"/) {
          text = substr(token, 2, length(token) - 2)
          if (is_key) { at[depth] = text; continue }
          where = ""
          for (part = 1; part <= depth; part++) where = where "/" at[part]
          if (own != "" && where == own) chosen = text
          key = plain(at[depth])
          if (first == "" && kind[depth] == "{" && (key == name || key == name "id")) first = text
        }
      }
      print chosen != "" ? chosen : first
    }'
}

# Whether an id that the case needs is not known yet.
is_missing() {
  for one in $needed; do
    eval "[ -n \"\$id_$one\" ]" || return 0
  done
  return 1
}

# Makes a session. The case's id; the names of the ids that it needs.
new_session() {
  case_id=$1
  shift
  needed=$*
@new_session@
}

no_session() {
  bad=$((bad + 1))
  printf 'WRONG %s expected a new session got %s\n' "$case_id" "$status"
}

# Sends a case. How to ask; its id; the statuses that are right; curl's arguments.
check() {
  how=$1 case_id=$2 right=$3
  shift 3
  status=$("$how" -o /dev/null -w '%{http_code}' "$@")
  code=$?
  case $status in
  000) status="no answer (curl: $code)" ;;
  esac
  case " $right " in
  *" $status "*)
    good=$((good + 1))
    printf 'ok %s got %s\n' "$case_id" "$status"
    ;;
  *)
    bad=$((bad + 1))
    printf 'WRONG %s expected %s got %s\n' "$case_id" "$(printf '%s' "$right" | sed 's/ / or /g')" "$status"
    ;;
  esac
}

finish() {
  printf '%s cases: %s ok, %s wrong\n' "$((good + bad))" "$good" "$bad" >&2
  [ "$bad" -eq 0 ]
  exit
}
"""
