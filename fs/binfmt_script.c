// SPDX-License-Identifier: MIT
/*
 * fs/binfmt_script.c - "#! interpreter [argument]" at the beginning of a file.
 *
 * The line must end within the first BINPRM_BUF_SIZE bytes, or at least the interpreter's name
 * must. Everything behind the name, without blanks at both ends, is one argument. argv becomes:
 * interpreter, argument if any, name of the script, the old argv from 1 on.
 */
#include <pagoda/binfmts.h>
#include <pagoda/err.h>
#include <pagoda/string.h>

static bool spacetab(char c)
{
	return c == ' ' || c == '\t';
}

static char *skip_blanks(char *s, char *end)
{
	while (s < end && spacetab(*s))
		s++;
	return s;
}

/* The first blank or NUL from s on, or end. */
static char *find_terminator(char *s, char *end)
{
	while (s < end && *s && !spacetab(*s))
		s++;
	return s;
}

/*
 * Cut buf into *name and *arg (NULL if there is none), each with a NUL. False: this is no script,
 * or its interpreter's name may be cut off.
 */
static bool parse_line(char *buf, char **name, char **arg)
{
	char *buf_end = buf + BINPRM_BUF_SIZE - 1, *end, *sep;

	if (buf[0] != '#' || buf[1] != '!')
		return false;
	end = memchr(buf, '\n', BINPRM_BUF_SIZE);
	if (!end) {
		/* Cut off within the argument is all right, within the name is not. */
		end = skip_blanks(buf + 2, buf_end);
		if (end == buf_end || find_terminator(end, buf_end) == buf_end)
			return false;
		end = buf_end;
	}
	while (end > buf + 2 && spacetab(end[-1]))
		end--;
	*end = '\0';
	*name = skip_blanks(buf + 2, end);
	if (*name == end || !**name)
		return false;
	sep = find_terminator(*name, end);
	*arg = NULL;
	if (sep < end && *sep) {
		*arg = skip_blanks(sep, end);
		if (*arg == end || !**arg)
			*arg = NULL;
	}
	*sep = '\0';
	return true;
}

static int load_script(struct linux_binprm *bprm)
{
	char *name, *arg;
	struct file *file;
	int err;

	if (!parse_line(bprm->buf, &name, &arg))
		return -ENOEXEC;
	/* The interpreter could not open the script by a name that is closed by then. */
	if (bprm->path_inaccessible)
		return -ENOENT;
	err = remove_arg_zero(bprm);
	if (err)
		return err;
	err = copy_string_kernel(bprm->interp, bprm);
	if (err)
		return err;
	bprm->argc++;
	if (arg) {
		err = copy_string_kernel(arg, bprm);
		if (err)
			return err;
		bprm->argc++;
	}
	err = copy_string_kernel(name, bprm);
	if (err)
		return err;
	bprm->argc++;
	err = bprm_change_interp(name, bprm);
	if (err)
		return err;
	file = open_exec(name);
	if (IS_ERR(file))
		return PTR_ERR(file);
	bprm->interpreter = file;
	return 0;
}

struct linux_binfmt script_format = {.load_binary = load_script};
