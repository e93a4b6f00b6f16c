#!/bin/sh
# The shell itself: expansions, functions, subshells, traps, redirections, limits.
set -- one 'two words' three
echo $# "$2"
f() { local x=$1; shift; echo "f got $x and $#"; return 4; }
f a b c
echo status $?
echo $((7 * 6)) ${UNSET:-default} ${#2}
name=file.tar.gz
echo ${name%.gz} ${name##*.}
for i in 1 2 3; do [ $i = 2 ] && continue; printf '%s ' $i; done; echo
case hello in h*) echo starts with h ;; esac
(cd /tmp && pwd)
pwd
x=outer; (x=inner); echo $x
echo "$(echo nested "$(echo substitution)")"
{ echo to stdout; echo to stderr >&2; } 2>&1 | sort
exec 5>/tmp/fd5 && echo five >&5 && exec 5>&- && cat /tmp/fd5
cat <<-END
	indented $((1 + 2))
END
while read a b; do echo "$b $a"; done <<'END'
1 one
2 two
END
trap 'echo trapped USR1' USR1
kill -USR1 $$
sh -c 'trap "echo bye" EXIT; exit 3'
echo status $?
sh -c 'kill -TERM $$'
echo status $?
(sleep 5 & kill $!; wait $!; echo killed $?)
sh -c 'ulimit -n 10; ulimit -n'
sh -c 'exec 3</dev/null; ls /proc/self/fd | wc -l' | grep -c .
set -o pipefail
false | true; echo pipefail $?
timeout 1 sleep 10; echo timeout $?
echo a | tee /tmp/tee1 /tmp/tee2 && cat /tmp/tee1 /tmp/tee2
nonexistent 2>/dev/null; echo $?
/etc/passwd 2>/dev/null; echo $?
eval 'echo "eval $x"'
env -i A=1 /bin/sh -c 'echo $A'
printf '#!/bin/sh\necho script "$@"\n' >/tmp/script && chmod +x /tmp/script && /tmp/script x y
printf '#!/bin/busybox sh\necho interpreter with argument\n' >/tmp/script2 && chmod +x /tmp/script2 && /tmp/script2
