/* doctor/causes_login.c - causes in the login: the server's own words decide; see cause.h. */
#include "doctor/cause.h"

enum login_kind {
	LOGIN_NOT_REFUSED,
	LOGIN_WANTS_TLS,
	LOGIN_BANNED,
	LOGIN_TOO_MANY,
	LOGIN_EXPIRED,
	LOGIN_DISABLED,
	LOGIN_NO_FTP,
	LOGIN_NOT_FROM_HERE,
	LOGIN_NO_HOME,
	LOGIN_ACCOUNT,
	LOGIN_BACKEND,
	LOGIN_WRONG,
};

/* In this order: what is said most plainly counts first. id: a Sallyport server's own. */
static const struct {
	enum login_kind kind;
	const char *id;
	const char *words;
} readings[] = {
	{ LOGIN_WANTS_TLS, "D-59",
	  "tls|ssl|auth first|encrypt|cleartext|clear text|secure connection|insecure" },
	{ LOGIN_BANNED, "D-63",
	  "failed login|login fail|failed attempt|many attempts|banned|locked|lockout|"
	  "blocked|too many wrong|too many incorrect" },
	{ LOGIN_TOO_MANY, "D-68",
	  "too many|maximum|max number|already logged|session limit|limit of|limit reached|"
	  "connections for this user|concurrent" },
	{ LOGIN_EXPIRED, "D-66",
	  "expired|must change|change your password|change password|one-time|two-factor|2fa|"
	  "otp|second factor|verification code|token" },
	{ LOGIN_DISABLED, "D-60", "disabled|deactivated|suspended|inactive|not active|closed" },
	{ LOGIN_NO_HOME, "D-69",
	  "home|cannot change directory|chroot|root directory|cannot set up|no such directory" },
	{ LOGIN_NOT_FROM_HERE, "D-65",
	  "your address|your ip|from this host|from this address|from this ip|from your|"
	  "ip address|country|network|this time|hours" },
	{ LOGIN_NO_FTP, "D-64",
	  "ftp is not|not enabled|ftp access|not permitted|not allowed|protocol|"
	  "permission denied|access denied|no ftp" },
	{ LOGIN_ACCOUNT, "D-71", "account for login|need account|acct" },
	{ LOGIN_BACKEND, "D-67",
	  "backend|database|ldap|authentication service|temporar|not available|unavailable|"
	  "try again later|internal error|not possible at the moment" },
};

static enum login_kind read_refusal(const struct reply *reply)
{
	for (size_t i = 0; i < ARRAY_SIZE(readings); i++)
		if (reply_names(reply, readings[i].id))
			return readings[i].kind;
	if (reply_names_any(reply))
		return LOGIN_WRONG;
	if (reply->code == 332)
		return LOGIN_ACCOUNT;
	for (size_t i = 0; i < ARRAY_SIZE(readings); i++)
		if (text_has_word(reply->text, readings[i].words))
			return readings[i].kind;
	return reply->code / 100 == 4 ? LOGIN_BACKEND : LOGIN_WRONG;
}

/* The refusal of USER or PASS in the first session that was refused. */
static const struct reply *login_refusal(const struct evidence *evidence,
					 const struct control **ret_control,
					 const struct exchange **ret_exchange)
{
	static const char *const verbs[] = { "ACCT", "PASS", "USER" };

	for (size_t i = 0; i < evidence->n_controls; i++) {
		const struct control *control = &evidence->controls[i];

		if (control->login != LOGIN_REFUSED && control->login != LOGIN_BROKEN)
			continue;
		for (size_t v = 0; v < ARRAY_SIZE(verbs); v++) {
			const struct exchange *exchange = control_exchange(control, verbs[v]);

			if (!exchange ||
			    (!reply_is_refusal(&exchange->reply) && exchange->reply.code != 332))
				continue;
			*ret_control = control;
			*ret_exchange = exchange;
			return &exchange->reply;
		}
	}
	return NULL;
}

static bool login_is(const struct evidence *evidence, struct finding *finding, enum login_kind kind)
{
	const struct control *control;
	const struct exchange *exchange;
	const struct reply *reply = login_refusal(evidence, &control, &exchange);

	if (!reply || read_refusal(reply) != kind)
		return false;
	fact_address(finding, &control->attempt.peer);
	fact_reply(finding, reply);
	fact_text(finding, "command", exchange->verb);
	const struct exchange *user = control_exchange(control, "USER");
	if (user && strlen(user->command) > 5)
		fact_text(finding, "user", user->command + 5);
	return true;
}

static bool wants_tls(const struct evidence *evidence, struct finding *finding)
{
	const struct control *control;
	const struct exchange *exchange;

	if (!login_is(evidence, finding, LOGIN_WANTS_TLS))
		return false;
	(void)login_refusal(evidence, &control, &exchange);
	/* Under TLS it cannot be that; then the words stand for something else. */
	if (exchange->is_tls)
		finding->confidence = 40;
	return true;
}

#define LOGIN_PREDICATE(name, kind)                                                                \
	static bool name(const struct evidence *evidence, struct finding *finding)                 \
	{                                                                                          \
		return login_is(evidence, finding, kind);                                          \
	}
LOGIN_PREDICATE(is_banned, LOGIN_BANNED)
LOGIN_PREDICATE(has_too_many, LOGIN_TOO_MANY)
LOGIN_PREDICATE(has_expired, LOGIN_EXPIRED)
LOGIN_PREDICATE(is_disabled, LOGIN_DISABLED)
LOGIN_PREDICATE(has_no_ftp, LOGIN_NO_FTP)
LOGIN_PREDICATE(is_not_from_here, LOGIN_NOT_FROM_HERE)
LOGIN_PREDICATE(has_no_home, LOGIN_NO_HOME)
LOGIN_PREDICATE(wants_account, LOGIN_ACCOUNT)
LOGIN_PREDICATE(backend_is_down, LOGIN_BACKEND)
LOGIN_PREDICATE(is_wrong, LOGIN_WRONG)

static bool password_may_have_changed(const struct evidence *evidence, struct finding *finding)
{
	const struct conditions *conditions = &evidence->conditions;

	if ((!conditions->password_has_blanks && !conditions->password_is_foreign &&
	     !conditions->password_is_encoded) ||
	    !is_wrong(evidence, finding))
		return false;
	if (conditions->password_has_blanks)
		finding_add(finding, "The password that was sent begins or ends with a blank, as "
				     "happens when it is copied.");
	if (conditions->password_is_foreign)
		finding_add(finding, "It has letters beyond ASCII, and not every client and server "
				     "writes those alike.");
	if (conditions->password_is_encoded)
		finding_add(finding, "It looks like part of a URL: \"%%40\" stands for \"@\" "
				     "there, and nowhere else.");
	return true;
}

#define LOGIN_ROW .severity = SEVERITY_PROBLEM
#define LOGIN_SAYS "The server answers {command} with \"{reply}\"."

static const struct cause rows[] = {
	{ .id = "D-59",
	  .title = "The server refuses logins without TLS",
	  LOGIN_ROW,
	  .who = WHO_YOU,
	  .confidence = 95,
	  .applies = wants_tls,
	  .explanation = LOGIN_SAYS,
	  .remedy = "Choose explicit TLS for port {port}, or implicit TLS on port 990 or 3990." },
	{ .id = "D-63",
	  .title = "Locked out after failed logins",
	  LOGIN_ROW,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = is_banned,
	  .explanation = LOGIN_SAYS,
	  .remedy = "Lift the ban, and find the device that still logs in with an old password.",
	  .tells_apart = "A login from another address tells whether the address or the account "
			 "is locked." },
	{ .id = "D-68",
	  .title = "Too many sessions from this address or of this user",
	  LOGIN_ROW,
	  .who = WHO_YOU,
	  .confidence = 90,
	  .applies = has_too_many,
	  .explanation = LOGIN_SAYS,
	  .remedy = "Close other clients of {user}, and let them use fewer connections at a time; "
		    "or the server's administrator raises the limit." },
	{ .id = "D-66",
	  .title = "The password has expired, or a second factor is wanted",
	  LOGIN_ROW,
	  .who = WHO_YOU,
	  .confidence = 85,
	  .applies = has_expired,
	  .explanation = LOGIN_SAYS,
	  .remedy = "Change the password of {user} on the server's web page, or use a password "
		    "made for applications." },
	{ .id = "D-60",
	  .title = "The user is disabled",
	  LOGIN_ROW,
	  .who = WHO_SERVER,
	  .confidence = 90,
	  .applies = is_disabled,
	  .explanation = LOGIN_SAYS,
	  .remedy = "Enable the user {user} again (with Sallyport: `sallyport user enable "
		    "{user}`)." },
	{ .id = "D-69",
	  .title = "The home directory is missing or cannot be entered",
	  LOGIN_ROW,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = has_no_home,
	  .explanation = LOGIN_SAYS,
	  .remedy = "Create the home directory of {user}, or mend its owner and rights." },
	{ .id = "D-65",
	  .title = "The user may not log in from this address or at this time",
	  LOGIN_ROW,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = is_not_from_here,
	  .explanation = LOGIN_SAYS,
	  .remedy = "Add this client's network to the list of {user}." },
	{ .id = "D-64",
	  .title = "The user may not use FTP",
	  LOGIN_ROW,
	  .who = WHO_SERVER,
	  .confidence = 75,
	  .applies = has_no_ftp,
	  .explanation = LOGIN_SAYS,
	  .remedy = "Permit FTP to the user {user} or to its group.",
	  .tells_apart = "The server's log names the rule; a wrong password (D-61) is logged as "
			 "such." },
	{ .id = "D-71",
	  .title = "The server asks for an account (ACCT)",
	  LOGIN_ROW,
	  .who = WHO_YOU,
	  .confidence = 95,
	  .applies = wants_account,
	  .explanation = LOGIN_SAYS,
	  .remedy = "Enter the account that the server's administrator named in the account field "
		    "of the client's site settings, or ask for logins without one." },
	{ .id = "D-67",
	  .title = "The server cannot check logins at the moment",
	  LOGIN_ROW,
	  .who = WHO_SERVER,
	  .confidence = 80,
	  .applies = backend_is_down,
	  .explanation = LOGIN_SAYS,
	  .remedy = "Look after the server's account service (LDAP, SQL, PAM). It is not the "
		    "user's fault; other users fail too." },
	{ .id = "D-62",
	  .title = "The password may have changed on its way",
	  LOGIN_ROW,
	  .who = WHO_YOU,
	  .confidence = 55,
	  .applies = password_may_have_changed,
	  .explanation = LOGIN_SAYS,
	  .remedy = "Type the password by hand, without blanks around it and not in the form of a "
		    "URL. If it has letters beyond ASCII, set one of plain letters and digits.",
	  .tells_apart = "If a password of plain letters and digits is refused as well, it or the "
			 "user name is wrong (D-61).",
	  .explains = "D-61" },
	{ .id = "D-61",
	  .title = "The user name or the password is wrong",
	  LOGIN_ROW,
	  .who = WHO_YOU,
	  .confidence = 75,
	  .applies = is_wrong,
	  .explanation = LOGIN_SAYS,
	  .remedy = "Type user name and password again, without blanks at their ends; capital "
		    "letters count. If it is still refused, have the password of {user} set "
		    "anew.",
	  .tells_apart = "Most servers answer a disabled user (D-60), a rule on the address "
			 "(D-65) or a mangled password (D-62) with the same words; the server's "
			 "log tells." },
};

const struct stage stage_login = { "Login", rows, ARRAY_SIZE(rows) };
