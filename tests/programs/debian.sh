#!/bin/sh
# with debian
# Debian's own dynamic dash runs this, and the commands are Debian's coreutils.
PATH=/debian
cd /tmp && rm -rf debian && mkdir debian && cd debian || exit 1
echo "$0 has $# arguments"
printf 'pear\napple\nfig\napple\n' >fruit
sort fruit | uniq -c | tr -s ' '
wc fruit
head -n 1 fruit && tail -n 1 fruit
cut -c1-3 fruit
seq 5 | tac 2>/dev/null || seq 5 | sort -rn
mkdir sub && cp fruit sub/copy && mv sub/copy sub/moved && ls -1 sub
ls -ln fruit | cut -d' ' -f1-4
stat -c '%s %F %a' fruit
date -u -d @0 +%FT%TZ
sha256sum fruit
env -i A=b env
dd if=fruit bs=5 count=1 status=none; echo
od -An -c -N 4 fruit
echo tee | tee a b && cat a b
id -u
rm -r sub && ls
(exit 3); echo $?
trap 'echo got TERM' TERM; kill -TERM $$
x=$(seq 1 100 | wc -l); echo $((x + 1))
cat <<END
here $x
END
ls /nonexistent
echo $?
seq 1 20000 | sort -rn | head -n 1
