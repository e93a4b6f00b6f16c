#!/bin/sh
# Files and directories: links, rename, permissions, times, holes, truncation.
cd /tmp && rm -rf work && mkdir work && cd work || exit 1
echo hello >a
cat a
ln a b && echo more >>b && cat a
ls -l a | awk '{ print $1, $2 }'
stat -c '%h links, %s bytes, %F' a
ln -s a link && readlink link && cat link
ln -s nowhere dangling && cat dangling
mkdir -p d/e/f && touch d/e/f/x && find d | sort
mv d/e moved && ls moved
mv a d/ && cat d/a && cat link
rmdir d
rm -r d moved && ls
chmod 640 b && stat -c '%a %A' b
chown 1000:100 b && stat -c '%u:%g' b
touch -d '2020-02-03 04:05:06' b && stat -c '%y' b | cut -c1-19
dd if=/dev/zero of=hole bs=1 count=1 seek=1048575 2>/dev/null && stat -c '%s' hole && du -k hole | cut -f1
truncate -s 10 hole && wc -c <hole
: >b && stat -c '%s' b
mkfifo pipe && (echo through the fifo >pipe &) && cat pipe
stat -c '%F' pipe /dev/null .
umask 027 && touch masked && mkdir maskedd && stat -c '%a' masked maskedd
cp -a /etc/passwd copy && cmp /etc/passwd copy && echo same
i=0
while [ $i -lt 300 ]; do : >file$i; i=$((i + 1)); done
ls | grep -c '^file' && rm file* && ls | wc -l
cd / && rm -rf /tmp/work && ls /tmp/work
echo status $?
