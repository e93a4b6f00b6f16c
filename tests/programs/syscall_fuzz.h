/* SPDX-License-Identifier: MIT */
/*
 * syscall_fuzz.h - which arguments system calls take, and which calls syscall_fuzz must not make.
 */
#ifndef TESTS_PROGRAMS_SYSCALL_FUZZ_H
#define TESTS_PROGRAMS_SYSCALL_FUZZ_H

#include <sys/syscall.h>

#define LAST 450 /* highest number */

/*
 * What the arguments of a call are: f descriptor, p path, b buffer, a address of a mapping, s size,
 * q process, h shared memory segment, k protection key, i anything else. A number that is not here
 * takes six arguments of any kind.
 */
static const char *const hints[LAST + 1] = {
	[0] = "fbs",	  [1] = "fbs",	    [2] = "pii",      [3] = "f",	[4] = "pb",
	[5] = "fb",	  [6] = "pb",	    [7] = "bii",      [8] = "fii",	[9] = "asiifi",
	[10] = "asi",	  [11] = "as",	    [12] = "i",	      [13] = "ibbs",	[14] = "ibbs",
	[16] = "fii",	  [17] = "fbsi",    [18] = "fbsi",    [19] = "fbs",	[20] = "fbs",
	[21] = "pi",	  [22] = "b",	    [23] = "ibbbb",   [25] = "assia",	[26] = "asi",
	[27] = "asb",	  [28] = "asi",	    [29] = "isi",     [30] = "hai",	[31] = "hib",
	[32] = "f",	  [33] = "ff",	    [35] = "bb",      [36] = "ib",	[37] = "i",
	[38] = "ibb",	  [40] = "ffbs",    [41] = "iii",     [53] = "iiib",	[56] = "iibbi",
	[59] = "pbb",	  [60] = "i",	    [61] = "qbib",    [62] = "qi",	[63] = "p",
	[67] = "a",	  [72] = "fii",	    [73] = "fi",      [74] = "f",	[75] = "f",
	[76] = "ps",	  [77] = "fs",	    [78] = "fbs",     [79] = "bs",	[80] = "p",
	[81] = "f",	  [82] = "pp",	    [83] = "pi",      [84] = "p",	[85] = "pi",
	[86] = "pp",	  [87] = "p",	    [88] = "pp",      [89] = "pbi",	[90] = "pi",
	[91] = "fi",	  [92] = "pii",	    [93] = "fii",     [94] = "pii",	[95] = "i",
	[96] = "bb",	  [97] = "ib",	    [98] = "ib",      [99] = "b",	[100] = "b",
	[103] = "ibs",	  [105] = "i",	    [106] = "i",      [109] = "qq",	[113] = "ii",
	[114] = "ii",	  [115] = "sb",	    [116] = "sb",     [117] = "iii",	[118] = "bbb",
	[119] = "iii",	  [120] = "bbb",    [121] = "q",      [122] = "i",	[123] = "i",
	[124] = "q",	  [125] = "bb",	    [126] = "bb",     [127] = "bs",	[128] = "bbbs",
	[129] = "qib",	  [130] = "bs",	    [131] = "bb",     [132] = "pb",	[133] = "pii",
	[135] = "i",	  [137] = "pb",	    [138] = "fb",     [140] = "ii",	[141] = "iii",
	[142] = "qb",	  [143] = "qb",	    [144] = "qib",    [145] = "q",	[146] = "i",
	[147] = "i",	  [148] = "qb",	    [149] = "as",     [150] = "as",	[151] = "i",
	[155] = "pp",	  [157] = "iiiii",  [158] = "ii",     [160] = "ib",	[161] = "p",
	[164] = "bb",	  [165] = "ppbib",  [166] = "pi",     [170] = "ps",	[171] = "ps",
	[187] = "fis",	  [188] = "ppbsi",  [189] = "ppbsi",  [190] = "fpbsi",	[191] = "ppbs",
	[192] = "ppbs",	  [193] = "fpbs",   [194] = "pbs",    [195] = "pbs",	[196] = "fbs",
	[197] = "pp",	  [198] = "pp",	    [199] = "fp",     [200] = "qi",	[201] = "b",
	[202] = "biibbi", [203] = "qsb",    [204] = "qsb",    [213] = "s",	[216] = "asiii",
	[217] = "fbs",	  [218] = "b",	    [221] = "fisi",   [222] = "ibb",	[223] = "iibb",
	[224] = "ib",	  [225] = "i",	    [226] = "i",      [227] = "ib",	[228] = "ib",
	[229] = "ib",	  [230] = "iibb",   [231] = "i",      [232] = "fbii",	[233] = "fifb",
	[234] = "qqi",	  [235] = "pb",	    [247] = "iqbib",  [257] = "fpii",	[258] = "fpi",
	[259] = "fpii",	  [260] = "fpiii",  [261] = "fpb",    [262] = "fpbi",	[263] = "fpi",
	[264] = "fpfp",	  [265] = "fpfpi",  [266] = "pfp",    [267] = "fpbi",	[268] = "fpi",
	[269] = "fpi",	  [270] = "ibbbbb", [271] = "bibbs",  [272] = "i",	[273] = "bs",
	[274] = "qbb",	  [275] = "fbfbsi", [276] = "iisi",   [277] = "fiii",	[280] = "fpbi",
	[281] = "fbiibs", [282] = "fbs",    [283] = "ii",     [284] = "s",	[285] = "fiis",
	[286] = "fibb",	  [287] = "fb",	    [289] = "fbsi",   [290] = "si",	[291] = "i",
	[292] = "ffi",	  [293] = "bi",	    [295] = "fbsii",  [296] = "fbsii",	[297] = "qqib",
	[302] = "qibb",	  [306] = "f",	    [309] = "bbb",    [310] = "qbibii", [311] = "qbibii",
	[316] = "fpfpi",  [318] = "bsi",    [319] = "pi",     [322] = "fpbbi",	[323] = "i",
	[324] = "iii",	  [325] = "asi",    [326] = "fbfbsi", [327] = "fbsiii", [328] = "fbsiii",
	[329] = "asik",	  [330] = "ii",	    [331] = "k",      [332] = "fpiib",	[424] = "fibi",
	[434] = "qi",	  [435] = "bs",	    [436] = "ffi",    [437] = "fpbs",	[438] = "ffi",
	[439] = "fpii",	  [440] = "fbsii",  [441] = "fbibbs",
};

/* The same for int 0x80, of calls that differ from x86-64's. */
static const char *const hints32[LAST + 1] = {
	[3] = "fbs",	  [4] = "fbs",	    [5] = "pii",      [7] = "qbi",	[13] = "b",
	[16] = "pii",	  [19] = "fii",	    [27] = "i",	      [30] = "pb",	[34] = "i",
	[43] = "b",	  [45] = "a",	    [48] = "ib",      [54] = "fib",	[55] = "fib",
	[59] = "b",	  [67] = "ibb",	    [69] = "i",	      [72] = "iii",	[73] = "b",
	[75] = "ib",	  [76] = "ib",	    [77] = "ib",      [78] = "bb",	[80] = "ib",
	[81] = "ib",	  [82] = "b",	    [90] = "b",	      [91] = "as",	[92] = "pi",
	[93] = "fi",	  [99] = "pb",	    [100] = "fb",     [104] = "ibb",	[105] = "ib",
	[106] = "pb",	  [107] = "pb",	    [108] = "fb",     [109] = "b",	[114] = "qbib",
	[116] = "b",	  [125] = "asi",    [126] = "ibb",    [140] = "fiibi",	[141] = "fbs",
	[142] = "ibbbb",  [145] = "fbs",    [146] = "fbs",    [161] = "qb",	[162] = "bb",
	[163] = "assia",  [165] = "bbb",    [168] = "bii",    [174] = "ibbs",	[175] = "ibbs",
	[177] = "bbbs",	  [178] = "qib",    [180] = "fbsii",  [181] = "fbsii",	[186] = "bb",
	[187] = "ffbs",	  [191] = "ib",	    [192] = "asiifi", [193] = "pii",	[194] = "fii",
	[195] = "pb",	  [196] = "pb",	    [197] = "fb",     [218] = "asb",	[219] = "asi",
	[221] = "fib",	  [239] = "ffbs",   [240] = "biibbi", [241] = "qsb",	[242] = "qsb",
	[243] = "b",	  [244] = "b",	    [250] = "fiisi",  [257] = "asiii",	[259] = "ibb",
	[260] = "iibb",	  [261] = "ib",	    [264] = "ib",     [265] = "ib",	[266] = "ib",
	[267] = "iibb",	  [268] = "psb",    [269] = "fsb",    [271] = "pb",	[272] = "fiiiii",
	[284] = "iqbib",  [299] = "fpb",    [300] = "fpbi",   [308] = "ibbbbb", [309] = "bibbs",
	[311] = "bs",	  [312] = "qbb",    [313] = "fbfbsi", [320] = "fpbi",	[324] = "fiiiii",
	[325] = "fibb",	  [326] = "fb",	    [333] = "fbsii",  [334] = "fbsii",	[347] = "qbibii",
	[348] = "qbibii", [374] = "i",	    [378] = "fbsiii", [379] = "fbsiii", [380] = "asik",
	[395] = "isi",	  [397] = "hai",    [398] = "a",      [409] = "iibb",	[414] = "bibbs",
	[422] = "biibbi", [440] = "fbsii",  [18] = "pb",      [28] = "fb",	[84] = "pb",
	[89] = "fbs",	  [117] = "ihiaba", [396] = "hib",
};

/* reboot, and the ends of the caller: they only shorten the run. */
static const short never[] = {SYS_reboot, SYS_exit, SYS_exit_group, SYS_vhangup, SYS_rt_sigreturn};

/* In i386's numbers: also what makes children on this stack. Root would need more of them. */
static const short never32[] = {1, 88, 111, 119, 120, 173, 190, 252, 435};

/* Root would stop what runs the test, set its clock, take its files away or silence the kernel. */
static const short not_as_root[] = {
	SYS_kill,
	SYS_tkill,
	SYS_tgkill,
	SYS_rt_sigqueueinfo,
	SYS_rt_tgsigqueueinfo,
	SYS_pidfd_send_signal,
	SYS_settimeofday,
	SYS_clock_settime,
	SYS_syslog,
	SYS_pivot_root,
	SYS_fork,
	SYS_vfork,
	SYS_clone,
	435 /* clone3 */,
	SYS_setpriority,
	SYS_sched_setscheduler,
	SYS_sched_setparam,
	SYS_prlimit64,
	SYS_setrlimit,
	SYS_process_vm_writev,
};

#endif
