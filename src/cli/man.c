/* cli/man.c - the manual pages, printed from the command table and the registry of settings, so
 * that they cannot lag behind. Source: man(7), groff_man_style(7). */
#include <stdio.h>

#include "cli/handlers.h"
#include "settings/settings.h"

/* Text of ours in roff: '-' stays a hyphen-minus that can be copied, a '.' at the start of a
 * line is no request, `word` is bold. */
static void roff(const char *text)
{
	bool is_bold = false;

	if (*text == '.' || *text == '\'')
		(void)fputs("\\&", stdout);
	for (; *text; text++) {
		if (*text == '\\')
			(void)fputs("\\e", stdout);
		else if (*text == '-')
			(void)fputs("\\-", stdout);
		else if (*text == '`')
			(void)fputs((is_bold = !is_bold) ? "\\fB" : "\\fR", stdout);
		else
			(void)fputc(*text, stdout);
	}
}

static void line(const char *text)
{
	roff(text);
	(void)fputc('\n', stdout);
}

/* A request such as ".SH" and its text. */
static void request(const char *name, const char *text)
{
	(void)printf("%s ", name);
	line(text);
}

static void print_head(const char *title, const char *section, const char *name,
		       const char *summary)
{
	(void)printf(".\\\" Printed by the program itself; see its source.\n"
		     ".TH %s %s \"\" \"Sallyport\" \"Sallyport manual\"\n.SH NAME\n",
		     title, section);
	roff(name);
	(void)fputs(" \\- ", stdout);
	line(summary);
}

static void print_example(const char *text)
{
	struct text rest = text_of(text), part;
	char storage[256];

	(void)puts(".RS\n.nf");
	while (text_take_until(&rest, '\n', &part))
		if (text_copy(part, storage, sizeof(storage)) == 0)
			line(storage);
	(void)puts(".fi\n.RE");
}

static void print_options(const struct option_row *rows)
{
	for (; rows && rows->name; rows++) {
		if (rows->refusal)
			continue;
		(void)puts(".TP");
		(void)fputs("\\fB", stdout);
		if (rows->letter)
			(void)printf("\\-%c\\fR, \\fB", rows->letter);
		(void)fputs("\\-\\-", stdout);
		roff(rows->name);
		(void)fputs("\\fR", stdout);
		if (rows->argument)
			(void)printf(" \\fI%s\\fR", rows->argument);
		(void)fputc('\n', stdout);
		roff(rows->help);
		(void)puts(".");
	}
}

static void print_command(const struct command *command)
{
	(void)printf(".SS %s%s%s\n", command->name, *command->operands ? " " : "",
		     command->operands);
	roff(command->summary);
	(void)puts(".");
	if (command->details)
		line(command->details);
	print_options(command->options);
	if (command->examples) {
		(void)puts(".PP\nExamples:");
		print_example(command->examples);
	}
}

int cmd_man(struct cli *cli UNUSED)
{
	const struct command *command;

	print_head("SALLYPORT", "1", "sallyport",
		   "the command line of the Sallyport FTP and FTPS server");
	(void)puts(".SH SYNOPSIS\n.B sallyport\n[\\fIOPTION\\fR...] \\fICOMMAND\\fR "
		   "[\\fIARGUMENT\\fR...]\n.SH DESCRIPTION");
	line("Shows and changes a Sallyport server: its users, its sessions, its configuration.");
	line("Commands about users and sessions speak to the running server over a socket in its "
	     "run_directory, which serves root and the daemon's own user.");
	line("Passwords come from a prompt or from standard input, never from arguments.");
	(void)puts(".SH OPTIONS");
	line("They may stand before or behind the command.");
	print_options(global_options);
	(void)puts(".SH COMMANDS");
	for (size_t i = 0; (command = command_at(i)); i++)
		if (!command->is_hidden)
			print_command(command);
	(void)puts(
		".SH \"EXIT STATUS\"\n.TP\n.B 0\nIt is done.\n.TP\n.B 1\nIt failed; the reason is "
		"on standard error.\n.TP\n.B 2\nThe command line was wrong; nothing was tried.");
	(void)puts(
		".SH ENVIRONMENT\n.TP\n.B SALLYPORT_CONFIG\nThe configuration file, unless "
		"\\fB\\-\\-config\\fR names one.\n.TP\n.B NO_COLOR\nWhen it is set and not empty, "
		"output has no colour.");
	(void)puts(".SH FILES\n.TP\n.I /etc/sallyport/sallyport.conf\nThe configuration.\n.TP\n"
		   ".I /run/sallyport/manager.sock\nWhere the server takes requests.\n"
		   ".SH \"SEE ALSO\"\n.BR sallyport.conf (5)");
	return EXIT_OK;
}

static void print_setting(const struct setting_info *info)
{
	(void)printf(".TP\n\\fB%s\\fR = ", info->name);
	roff(*info->default_text ? info->default_text : "(empty)");
	(void)printf("%s%s\n", *info->unit ? " " : "", info->unit);
	line(info->help);
	(void)fputs("Allowed: ", stdout);
	roff(info->allowed);
	(void)printf(". A change takes effect %s.\n",
		     info->change == CHANGE_RESTART ? "when the server starts again" : "on reload");
}

static void print_hosts(void)
{
	(void)puts(".SS [host NAME]");
	line("One server can be several hosts, each with a section of its own: a client chooses one by "
	     "the name in its TLS handshake (SNI) or with the command HOST, and gets its certificate, "
	     "greeting, files and character set. Clients that name none, or an unknown one, get the "
	     "default host, which the sections above describe. All hosts have the same users.");
	for (size_t i = 0; i < host_settings_count(); i++)
		print_setting(host_settings_info(i));
}

int cmd_config_man(struct cli *cli UNUSED)
{
	const char *section = "";

	print_head("SALLYPORT.CONF", "5", "sallyport.conf",
		   "configuration of the Sallyport server");
	(void)puts(".SH SYNOPSIS\n.I /etc/sallyport/sallyport.conf\n.SH DESCRIPTION");
	line("One setting stands on a line, as `name = value`, beneath the name of its "
	     "`[section]`; settings before the first section may be of any section.");
	line("Blanks around names and values do not count. A line that begins with `#` or `;` is a "
	     "comment, and so is the rest of a line behind a blank and `#` or `;`.");
	line("Switches are yes or no (also true, false, on, off, 1, 0). Times are whole numbers of "
	     "their unit, or carry one: 90s, 2m, 1h.");
	line("A name that does not exist, a value that is not allowed and a setting that is there "
	     "twice are errors; `sallyport config check` tells the line and what is allowed.");
	(void)puts(".PP");
	line("A value on the command line (`--set name=value`) wins over the file, the file over "
	     "the default; `sallyport config show` tells where each value comes from.");
	(void)puts(".SH SETTINGS\nEach is shown with its default.");
	for (size_t i = 0; i < settings_count(); i++) {
		const struct setting_info *info = settings_info(i);
		if (strcmp(section, info->section) != 0)
			(void)printf(".SS [%s]\n", info->section);
		section = info->section;
		print_setting(info);
	}
	print_hosts();
	(void)puts(".SH EXAMPLE");
	print_example("[ftp]\n"
		      "passive_ports = 21000-21050\n"
		      "external_ip = 10.0.0.0/8=local, ftp.example.com\n"
		      "\n"
		      "[tls]\n"
		      "certificate = /etc/sallyport/fullchain.pem\n"
		      "private_key = /etc/sallyport/privkey.pem\n"
		      "\n"
		      "[host files.example.org]\n"
		      "aliases = ftp.example.org\n"
		      "certificate = /etc/sallyport/example.org.pem\n"
		      "data_root = /srv/example.org");
	request(".SH", "SEE ALSO");
	(void)puts(".BR sallyport (1)");
	return EXIT_OK;
}
