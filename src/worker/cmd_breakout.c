/* worker/cmd_breakout.c - XBRK, of the daemon that the tests break out of; the delivered one has
 * neither the command nor this file. "XBRK <attempt> [<argument>]": see breakout.h. */
#include "worker/breakout.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/hosts.h"

void cmd_breakout(struct session *s, struct text argument)
{
	char word[1024];
	struct text attempt;
	int r = -EINVAL;

	(void)text_take_until(&argument, ' ', &attempt);
	if (text_copy(argument, word, sizeof(word)) == 0)
		r = breakout(attempt, word, s->host->data_root);
	if (r == 0)
		reply(s, 200, "It went through.");
	else
		reply(s, 550, "%s", strerrorname_np(-r));
}
