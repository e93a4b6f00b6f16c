// SPDX-License-Identifier: MIT
/*
 * kernel/lib/cmdline.c - takes the kernel command line apart.
 *
 * Contracts in cmdline.h.
 */
#include <pagoda/cmdline.h>
#include <pagoda/ctype.h>
#include <pagoda/string.h>

/* Takes the quotes off, where the whole of s is in them: "a b" as well as name="a b". */
static char *unquote(char *s, char *end)
{
	if (*s != '"')
		return s;
	if (end > s + 1 && end[-1] == '"')
		end[-1] = '\0';
	return s + 1;
}

char *next_arg(char *args, char **param, char **val)
{
	bool quoted = false;
	char *equals = NULL, *p, *rest;

	args = skip_spaces(args);
	for (p = args; *p && (quoted || !isspace((u8)*p)); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (*p == '=' && !equals)
			equals = p;
	}
	rest = *p ? skip_spaces(p + 1) : p;
	*p = '\0';

	*param = unquote(args, p);
	*val = NULL;
	if (equals) {
		*equals = '\0';
		*val = *param == args ? unquote(equals + 1, p) : equals + 1;
	}
	return rest;
}

unsigned long long memparse(const char *s, char **end)
{
	char *p;
	unsigned long long value = simple_strtoull(s, &p, 0);

	switch (tolower((u8)*p)) {
	case 'e':
		value <<= 10;
		fallthrough;
	case 'p':
		value <<= 10;
		fallthrough;
	case 't':
		value <<= 10;
		fallthrough;
	case 'g':
		value <<= 10;
		fallthrough;
	case 'm':
		value <<= 10;
		fallthrough;
	case 'k':
		value <<= 10;
		p++;
		break;
	default:
		break;
	}
	if (end)
		*end = p;
	return value;
}
