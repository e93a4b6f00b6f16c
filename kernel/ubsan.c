// SPDX-License-Identifier: MIT
/*
 * kernel/ubsan.c - what -fsanitize=undefined calls in checked builds.
 *
 * The compiler puts a check before each operation that C leaves undefined and calls one of these
 * when it fails, with a record of where and of which types. All of them print the place and panic:
 * after undefined behaviour nothing that follows can be trusted. The records' layouts are those of
 * compiler-rt's ubsan_handlers.h, which both GCC and clang follow.
 */
#include <pagoda/types.h>
#include <pagoda/kernel.h>
#include <pagoda/panic.h>

struct source_location {
	const char *file;
	u32 line;
	u32 column;
};

struct type_descriptor {
	u16 kind; /* 0: integer */
	u16 info; /* integer: bit 0 signed, above it log2 of the width in bits */
	char name[];
};

/* Every record starts with its location; these say what follows. */
struct overflow_data {
	struct source_location loc;
	struct type_descriptor *type;
};

struct shift_data {
	struct source_location loc;
	struct type_descriptor *left;
	struct type_descriptor *right;
};

struct bounds_data {
	struct source_location loc;
	struct type_descriptor *array;
	struct type_descriptor *index;
};

struct mismatch_data {
	struct source_location loc;
	struct type_descriptor *type;
	u8 log_alignment;
	u8 check_kind;
};

static __noreturn void report(const struct source_location *loc, const char *what, const char *type,
			      unsigned long a, unsigned long b)
{
	panic("UBSAN: %s at %s:%u:%u, type %s, operands 0x%lx and 0x%lx", what, loc->file,
	      loc->line, loc->column, type, a, b);
}

void __ubsan_handle_add_overflow(struct overflow_data *data, unsigned long a, unsigned long b);
void __ubsan_handle_sub_overflow(struct overflow_data *data, unsigned long a, unsigned long b);
void __ubsan_handle_mul_overflow(struct overflow_data *data, unsigned long a, unsigned long b);
void __ubsan_handle_negate_overflow(struct overflow_data *data, unsigned long a);
void __ubsan_handle_divrem_overflow(struct overflow_data *data, unsigned long a, unsigned long b);
void __ubsan_handle_shift_out_of_bounds(struct shift_data *data, unsigned long a, unsigned long b);
void __ubsan_handle_out_of_bounds(struct bounds_data *data, unsigned long index);
void __ubsan_handle_type_mismatch_v1(struct mismatch_data *data, unsigned long ptr);
void __ubsan_handle_pointer_overflow(struct source_location *loc, unsigned long base,
				     unsigned long result);
void __ubsan_handle_load_invalid_value(struct overflow_data *data, unsigned long value);
void __ubsan_handle_builtin_unreachable(struct source_location *loc);
void __ubsan_handle_missing_return(struct source_location *loc);
void __ubsan_handle_vla_bound_not_positive(struct overflow_data *data, unsigned long bound);
void __ubsan_handle_nonnull_arg(struct source_location *loc);
void __ubsan_handle_nonnull_return_v1(void *data, struct source_location *loc);
void __ubsan_handle_invalid_builtin(struct source_location *loc);
void __ubsan_handle_function_type_mismatch(struct overflow_data *data, unsigned long function);
void __ubsan_handle_alignment_assumption(struct overflow_data *data, unsigned long ptr,
					 unsigned long align, unsigned long offset);

void __ubsan_handle_add_overflow(struct overflow_data *data, unsigned long a, unsigned long b)
{
	report(&data->loc, "signed addition overflow", data->type->name, a, b);
}

void __ubsan_handle_sub_overflow(struct overflow_data *data, unsigned long a, unsigned long b)
{
	report(&data->loc, "signed subtraction overflow", data->type->name, a, b);
}

void __ubsan_handle_mul_overflow(struct overflow_data *data, unsigned long a, unsigned long b)
{
	report(&data->loc, "signed multiplication overflow", data->type->name, a, b);
}

void __ubsan_handle_negate_overflow(struct overflow_data *data, unsigned long a)
{
	report(&data->loc, "negation overflow", data->type->name, a, 0);
}

void __ubsan_handle_divrem_overflow(struct overflow_data *data, unsigned long a, unsigned long b)
{
	report(&data->loc, "division by zero or overflow", data->type->name, a, b);
}

void __ubsan_handle_shift_out_of_bounds(struct shift_data *data, unsigned long a, unsigned long b)
{
	report(&data->loc, "shift out of bounds", data->left->name, a, b);
}

void __ubsan_handle_out_of_bounds(struct bounds_data *data, unsigned long index)
{
	report(&data->loc, "array index out of bounds", data->array->name, index, 0);
}

/* A null or misaligned pointer, or an object too small for the type it is used as. */
void __ubsan_handle_type_mismatch_v1(struct mismatch_data *data, unsigned long ptr)
{
	unsigned long align = 1UL << data->log_alignment;
	const char *what = "object too small";

	if (!ptr)
		what = "null pointer";
	else if (ptr & (align - 1))
		what = "misaligned pointer";
	report(&data->loc, what, data->type->name, ptr, align);
}

void __ubsan_handle_pointer_overflow(struct source_location *loc, unsigned long base,
				     unsigned long result)
{
	report(loc, "pointer overflow", "pointer", base, result);
}

void __ubsan_handle_load_invalid_value(struct overflow_data *data, unsigned long value)
{
	report(&data->loc, "load of an invalid value", data->type->name, value, 0);
}

void __ubsan_handle_builtin_unreachable(struct source_location *loc)
{
	report(loc, "unreachable code reached", "none", 0, 0);
}

void __ubsan_handle_missing_return(struct source_location *loc)
{
	report(loc, "function ends without a value", "none", 0, 0);
}

void __ubsan_handle_vla_bound_not_positive(struct overflow_data *data, unsigned long bound)
{
	report(&data->loc, "array of no or negative length", data->type->name, bound, 0);
}

void __ubsan_handle_nonnull_arg(struct source_location *loc)
{
	report(loc, "null argument where none may be", "pointer", 0, 0);
}

void __ubsan_handle_nonnull_return_v1(void *data, struct source_location *loc)
{
	report(loc, "null returned where none may be", "pointer", 0, 0);
}

void __ubsan_handle_invalid_builtin(struct source_location *loc)
{
	report(loc, "zero given to a bit-counting builtin", "integer", 0, 0);
}

void __ubsan_handle_function_type_mismatch(struct overflow_data *data, unsigned long function)
{
	report(&data->loc, "call through a pointer of another type", data->type->name, function, 0);
}

void __ubsan_handle_alignment_assumption(struct overflow_data *data, unsigned long ptr,
					 unsigned long align, unsigned long offset)
{
	report(&data->loc, "alignment assumption broken", data->type->name, ptr, align);
}
