/* ftp/command_fuzz.c - what is parsed obeys the header; what is shown holds no secret, no control
 * byte, and is never longer than its room. */
#include <assert.h>

#include "ftp/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_command(struct text line)
{
	struct command_line command;

	if (command_parse(line, &command) < 0)
		return;

	size_t len = strlen(command.verb);

	assert(len >= 1 && len <= 7);
	for (size_t i = 0; i < len; i++)
		assert((command.verb[i] >= 'A' && command.verb[i] <= 'Z') ||
		       (command.verb[i] >= '0' && command.verb[i] <= '9'));
	assert(command.argument.ptr + command.argument.len == line.ptr + line.len);
	assert(command.argument.len == 0 || command.has_argument);
	assert(!command.has_argument || command.argument.ptr[-1] == ' ');
	assert(text_find(command.argument, '\0') < 0 && text_find(command.argument, '\n') < 0);
}

static void check_mask(struct text line, size_t room)
{
	char *shown = malloc(MAX_OF(room, 1));
	struct command_line command;

	assert(shown);
	shown[0] = '\0';
	size_t len = command_mask(line, shown, room);

	assert(len == strlen(shown));

	assert(len == 0 || len < room);
	for (size_t i = 0; i < len; i++)
		assert((uint8_t)shown[i] >= ' ' && shown[i] != 0x7f);
	if (room >= sizeof("PASS ****") && command_parse(line, &command) == 0 &&
	    strcmp(command.verb, "PASS") == 0)
		assert(strcmp(shown, "PASS ****") == 0);
	free(shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum transfer_type type = TYPE_IMAGE;

	if (size == 0)
		return 0;

	struct text line = { (const char *)data + 1, size - 1 };

	check_command(line);
	check_mask(line, data[0]);
	if (type_parse(line, &type) == 0)
		assert(type == TYPE_ASCII || type == TYPE_IMAGE);
	return 0;
}
