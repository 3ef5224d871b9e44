/* cli/arguments.c - see arguments.h. */
#include "cli/arguments.h"

#include <assert.h>

#include "settings/suggest.h"

struct cursor {
	size_t n, at;
	char *const *argv;
	struct arguments *arguments;
	struct buf *wrong;
};

static const struct option_row *find_in(const struct option_row *rows, struct text name,
					char letter)
{
	for (; rows && rows->name; rows++) {
		if (letter ? rows->letter == letter : text_equal(name, text_of(rows->name)))
			return rows;
	}
	return NULL;
}

/* A global option or one of the command, as far as it is known yet. */
static const struct option_row *find_option(const struct arguments *arguments, struct text name,
					    char letter)
{
	const struct option_row *row = find_in(global_options, name, letter);

	if (!row && arguments->command)
		row = find_in(arguments->command->options, name, letter);
	return row;
}

static void offer_all(struct suggestion *suggestion, const struct option_row *rows)
{
	for (; rows && rows->name; rows++)
		if (!rows->refusal)
			suggestion_offer(suggestion, rows->name);
}

static int refuse_option(struct cursor *c, struct text name)
{
	struct suggestion suggestion = { .typed = name };

	offer_all(&suggestion, global_options);
	if (c->arguments->command)
		offer_all(&suggestion, c->arguments->command->options);
	buf_addf(c->wrong, "--%.*s is not an option", TEXT_ARG(name));
	if (c->arguments->command)
		buf_addf(c->wrong, " of %s", c->arguments->command->name);
	if (suggestion.nearest)
		buf_addf(c->wrong, "; did you mean --%s?", suggestion.nearest);
	return -EINVAL;
}

static int add_option(struct cursor *c, const struct option_row *row, const char *value)
{
	struct arguments *a = c->arguments;

	if (row->refusal) {
		buf_addf(c->wrong, "--%s: %s", row->name, row->refusal);
		return -EINVAL;
	}
	if (row->argument && !value && c->at < c->n)
		value = c->argv[c->at++];
	if (row->argument && !value) {
		buf_addf(c->wrong, "--%s needs a value: --%s %s", row->name, row->name,
			 row->argument);
		return -EINVAL;
	}
	if (!row->argument && value) {
		buf_addf(c->wrong, "--%s takes no value", row->name);
		return -EINVAL;
	}
	if (a->n_options == ARRAY_SIZE(a->options)) {
		buf_add(c->wrong, T("there are too many options"));
		return -EINVAL;
	}
	a->options[a->n_options].row = row;
	a->options[a->n_options++].value = value ? value : "";
	return 0;
}

static int take_long_option(struct cursor *c, struct text name)
{
	ptrdiff_t equals = text_find(name, '=');
	const char *value = NULL;

	if (equals >= 0) {
		value = name.ptr + equals + 1;
		name.len = (size_t)equals;
	}
	const struct option_row *row = find_option(c->arguments, name, 0);

	return row ? add_option(c, row, value) : refuse_option(c, name);
}

static int take_letter(struct cursor *c, const char *word)
{
	const struct option_row *row = find_option(c->arguments, T(""), word[1]);

	if (!row) {
		buf_addf(c->wrong, "%s is not an option", word);
		return -EINVAL;
	}
	return add_option(c, row, word[2] ? word + 2 : NULL);
}

static int refuse_command(struct cursor *c, const char *group, const char *word)
{
	const char *nearest = command_suggest(group, word), *before = group ? group : "";
	const char *blank = group ? " " : "";

	buf_addf(c->wrong, "\"%s%s%s\" is not a command; ", before, blank, word);
	if (nearest)
		buf_addf(c->wrong, "did you mean %s?", nearest);
	else
		buf_addf(c->wrong, "`sallyport help%s%s` lists them", blank, before);
	return -EINVAL;
}

/* "doctor" is a command, and "doctor simulate" another one: the second word decides. */
static bool take_longer_command(struct arguments *a, const char *word)
{
	char storage[64];
	struct buf name;

	buf_init(&name, storage, sizeof(storage));
	buf_addf(&name, "%s %s", a->command->name, word);
	const struct command *longer = name.has_overflowed ? NULL : command_find(storage);
	if (!longer || a->n_operands > 0)
		return false;
	a->command = longer;
	return true;
}

/* The first word or two name the command. */
static int take_command_word(struct cursor *c, const char *word)
{
	struct arguments *a = c->arguments;
	char storage[64];
	struct buf name;

	buf_init(&name, storage, sizeof(storage));
	if (a->group)
		buf_addf(&name, "%s %s", a->group, word);
	else
		buf_add(&name, text_of(word));
	if (!name.has_overflowed)
		a->command = command_find(storage);
	if (a->command)
		return 0;
	if (a->group || !command_is_group(word))
		return refuse_command(c, a->group, word);
	a->group = word;
	return 0;
}

static int take_operand(struct cursor *c, const char *word)
{
	struct arguments *a = c->arguments;

	if (!a->command)
		return take_command_word(c, word);
	if (take_longer_command(a, word))
		return 0;
	if (a->n_operands == a->command->max_operands) {
		buf_addf(c->wrong, "\"%s\" is one argument too many for %s", word,
			 a->command->name);
		return -EINVAL;
	}
	assert(a->n_operands < ARRAY_SIZE(a->operands));
	a->operands[a->n_operands++] = word;
	return 0;
}

int arguments_parse(size_t n, char *const argv[], struct arguments *ret, struct buf *wrong)
{
	struct arguments arguments = { 0 };
	struct cursor c = { .n = n, .argv = argv, .arguments = &arguments, .wrong = wrong };
	bool options_have_ended = false;

	while (c.at < c.n) {
		const char *word = c.argv[c.at++];
		int r;

		if (options_have_ended || word[0] != '-' || word[1] == '\0') {
			r = take_operand(&c, word);
		} else if (strcmp(word, "--") == 0) {
			options_have_ended = true;
			r = 0;
		} else if (word[1] == '-') {
			r = take_long_option(&c, text_of(word + 2));
		} else {
			r = take_letter(&c, word);
		}
		if (r < 0)
			return r;
	}
	*ret = arguments;
	return 0;
}

int arguments_check(const struct arguments *arguments, struct buf *wrong)
{
	if (arguments->n_operands >= arguments->command->min_operands)
		return 0;
	buf_addf(wrong, "%s needs %s", arguments->command->name, arguments->command->operands);
	return -EINVAL;
}

const char *arguments_option(const struct arguments *arguments, const char *name)
{
	for (size_t i = arguments->n_options; i > 0; i--)
		if (strcmp(arguments->options[i - 1].row->name, name) == 0)
			return arguments->options[i - 1].value;
	return NULL;
}
