/* cli/password.c - see password.h. */
#include "cli/password.h"

#include <fcntl.h>
#include <signal.h>
#include <termios.h>

#include "cli/command.h"

static volatile sig_atomic_t caught_signal;

static void note_signal(int number)
{
	caught_signal = number;
}

/* One line without its end, byte by byte, so that nothing behind it is swallowed. */
static int read_line(int fd, struct secret *ret)
{
	struct secret line AUTO_SECRET = { 0 };

	for (;;) {
		char c;
		ssize_t n = read(fd, &c, 1);
		if (n < 0)
			return -errno;
		if (n == 0 || c == '\n')
			break;
		if (line.len == SECRET_MAX)
			return -ENAMETOOLONG;
		line.bytes[line.len++] = c;
	}
	if (line.len > 0 && line.bytes[line.len - 1] == '\r')
		line.bytes[--line.len] = '\0';
	return secret_set(ret, secret_text(&line));
}

/* Echo is off while the line is read; a signal puts it back on before it does its work. */
static int ask(int tty, const char *prompt, struct secret *ret)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction old[ARRAY_SIZE(signals)], noting = { .sa_handler = note_signal };
	struct termios shown, hidden;

	if (tcgetattr(tty, &shown) < 0)
		return -errno;
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		(void)sigaction(signals[i], &noting, &old[i]);
	/* What was typed before the prompt is dropped, what is typed after it is not: so this
	 * order. */
	(void)tcsetattr(tty, TCSAFLUSH, &hidden);
	(void)dprintf(tty, "%s", prompt);
	int r = read_line(tty, ret);
	(void)tcsetattr(tty, TCSADRAIN, &shown);
	(void)dprintf(tty, "\n");
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		(void)sigaction(signals[i], &old[i], NULL);
	if (caught_signal)
		(void)raise(caught_signal);
	return r;
}

int password_ask(const char *user, struct secret *ret)
{
	AUTO_FREE char *prompt = NULL;
	AUTO_CLOSE int tty =
		isatty(STDIN_FILENO) ? open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;

	if (tty < 0)
		return -ENOTTY;
	if (asprintf(&prompt, "Password for %s: ", user) < 0) {
		prompt = NULL;
		return -ENOMEM;
	}
	return ask(tty, prompt, ret);
}

static int ask_twice(const char *user, struct secret *ret)
{
	struct secret again AUTO_SECRET = { 0 };
	AUTO_FREE char *prompt = NULL;
	AUTO_CLOSE int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (tty < 0)
		return -errno;
	if (asprintf(&prompt, "Password for %s: ", user) < 0) {
		prompt = NULL;
		return -ENOMEM;
	}
	int r = ask(tty, prompt, ret);
	if (r == 0)
		r = ask(tty, "Once more: ", &again);
	if (r < 0)
		return r;
	return text_equal(secret_text(ret), secret_text(&again)) ? 0 : -EKEYREJECTED;
}

static void explain(int error)
{
	switch (error) {
	case -EKEYREJECTED:
		complain("the two passwords differ; nothing was changed");
		break;
	case -ENODATA:
		complain("the password is empty; nothing was changed");
		break;
	case -ENAMETOOLONG:
		complain("the password is longer than %d bytes; nothing was changed", SECRET_MAX);
		break;
	case -EINVAL:
		complain("the password holds a NUL byte; nothing was changed");
		break;
	default:
		complain("the password cannot be read: %s", strerrordesc_np(-error));
		break;
	}
}

int password_read(const char *user, bool from_stdin, struct secret *ret)
{
	int r = from_stdin || !isatty(STDIN_FILENO) ? read_line(STDIN_FILENO, ret)
						    : ask_twice(user, ret);

	if (r == 0 && ret->len == 0)
		r = -ENODATA;
	if (r < 0) {
		secret_release(ret);
		explain(r);
	}
	return r;
}
