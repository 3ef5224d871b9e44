/* worker/cmd_type.c - TYPE, STRU, MODE (RFC 959 3.1, 4.1.2). */
#include "worker/commands.h"
#include "worker/control.h"

void cmd_type(struct session *s, struct text argument)
{
	enum transfer_type type;
	int r = type_parse(argument, &type);

	if (r == -EOPNOTSUPP) {
		reply(s, 504, "TYPE %.*s is not served; use TYPE I or TYPE A.", TEXT_ARG(argument));
	} else if (r < 0) {
		reply(s, 501, "Syntax: TYPE A|I");
	} else {
		s->type = type;
		reply(s, 200, type == TYPE_ASCII ? "Type is A (text)." : "Type is I (binary).");
	}
}

/* STRU and MODE have one letter that we serve and others that RFC 959 knows. */
static void one_letter(struct session *s, struct text argument, const char *verb, char served,
		       const char *known)
{
	char letter = argument.len == 1 ? argument.ptr[0] : '\0';

	if (letter >= 'a' && letter <= 'z')
		letter = (char)(letter - 'a' + 'A');
	if (letter == served)
		reply(s, 200, "%s is %c.", verb, served);
	else if (letter != '\0' && strchr(known, letter))
		reply(s, 504, "%s %c is not served; use %s %c.", verb, letter, verb, served);
	else
		reply(s, 501, "Syntax: %s %c", verb, served);
}

void cmd_stru(struct session *s, struct text argument)
{
	one_letter(s, argument, "STRU", 'F', "RP");
}

void cmd_mode(struct session *s, struct text argument)
{
	bool is_z = text_equal_nocase(argument, T("Z"));

	if (is_z && s->worker->settings->deflate_level > 0) {
		s->is_mode_z = true;
		reply(s, 200, "MODE is Z.");
		return;
	}
	if (text_equal_nocase(argument, T("S")))
		s->is_mode_z = false;
	one_letter(s, argument, "MODE", 'S', "BCZ");
}
