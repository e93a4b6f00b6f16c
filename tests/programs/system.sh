#!/bin/sh
# What ps, top, free, df, mount and friends read of the kernel; only what every machine shows alike is printed.
ps | awk 'NR == 1 || $1 == 1 { print $1, $2, $4, $3 == "" }' | head -n 1
ps -o pid,ppid,comm | awk '$1 == 1 { print "pid 1, parent", $2 ", named", $3 }'
top -b -n 1 | grep -c '^ *PID'
free | awk '/^Mem:/ { print ($2 > 100000 && $3 > 0 && $4 > 0) ? "free is sane" : $0 }'
free | awk '/^Swap:/ { print "swap", $2 }'
uptime | grep -c 'load average'
mount | grep -c ' on /proc type proc '
uname -s -m
hostname pagoda-test && hostname
id -u && id -un
nproc
grep -c ^processor /proc/cpuinfo
awk '/^MemTotal:/ { print ($2 > 100000) ? "MemTotal is sane" : $2 }' /proc/meminfo
awk '$1 == "cpu" { print (NF >= 8) ? "stat has a cpu line" : $0 }' /proc/stat
grep -c '^VmRSS:' /proc/self/status
awk '{ print NF }' /proc/self/stat
awk '{ print NF }' /proc/self/statm
tr '\0' ' ' </proc/self/cmdline; echo
readlink /proc/self/exe
(cd /tmp && readlink /proc/self/cwd)
readlink /proc/self/root
cat /proc/self/environ | tr '\0' '\n' | grep "^PATH="
grep -c '\[stack\]' /proc/self/maps
grep -c '\[heap\]' /proc/self/maps
grep -c '^Rss:' /proc/self/smaps | awk '{ print ($1 > 3) ? "smaps has rows" : $1 }'
grep -w proc /proc/filesystems
grep -c 'Max open files' /proc/self/limits
ls -l /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty | awk '{ print $1, $5, $6, $NF }'
head -c 5 /dev/zero | od -An -tx1
echo x >/dev/full; echo status $?
head -c 100 /dev/urandom | wc -c
cat /dev/null
cat /proc/sys/kernel/ostype
sysctl -n vm.overcommit_memory
mkdir -p /tmp/m && mount -t tmpfs -o size=1m tmpfs /tmp/m && touch /tmp/m/x && df -k /tmp/m | awk '$NF == "/tmp/m" { print $2, $6 }'
dd if=/dev/zero of=/tmp/m/full bs=4096 count=1000 2>/dev/null; echo full $?
umount /tmp/m && ls /tmp/m
sh -c 'sleep 0.3 & wait; cat /proc/$$/stat' | awk '{ print $2, $3 }'
kill -0 99999; echo status $?
time true 2>&1 | grep -c real
dmesg | wc -l | awk '{ print ($1 > 0) ? "dmesg has lines" : "dmesg is empty" }'
