#!/bin/sh
# Text tools of busybox, with what they print.
seq 1 10 | awk '{ s += $1 } END { print "sum", s }'
printf 'pear 3\napple 10\nfig 7\n' | sort -k2n | head -n 2
printf 'one\ntwo\nthree\n' | sed -n '2,$s/t/T/p'
printf 'b\na\nb\nc\nb\n' | sort | uniq -c | sort -rn | awk '{ print $2, $1 }'
echo 'a:b:c' | cut -d: -f2
echo hello | tr a-y b-z
printf 'x\ty\n' | expand -t 4
echo test | md5sum
echo test | sha256sum
seq 1 1000 | tail -n 1
seq 1 5 | xargs -n 2 echo
seq 20 | paste - - - - -
printf 'hello\n' | od -An -tx1
printf 'hello' | hexdump -C | head -n 1
echo abcdef | rev
seq 1 3 | tac
printf 'b 1\na 2\n' >/tmp/x && printf 'a 2\nb 1\n' >/tmp/y
diff /tmp/x /tmp/y | head -n 3
grep -n 1 /tmp/x
printf 'tar me\n' >/tmp/t1 && tar -C /tmp -czf /tmp/t.tgz t1 && rm /tmp/t1 && tar -C /tmp -xzf /tmp/t.tgz && cat /tmp/t1
seq 1 2000 | gzip -c | gunzip -c | md5sum
seq 1 2000 | bzip2 -c | bunzip2 -c | md5sum
echo '2 ^ 64; 10 / 4' | bc
expr 6 \* 7
basename /a/b.c .c
dirname /a/b.c
date -u -d @86400 '+%Y-%m-%d %H:%M:%S'
printf 'line1\nline2\n' | wc
printf '%s %d 0x%x\n' text 42 255
echo aGVsbG8K | base64 -d
