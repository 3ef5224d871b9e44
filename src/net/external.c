/* net/external.c - see external.h.
 *
 * The resolver thread may hang in getaddrinfo(3) for longer than anybody wants to wait for it,
 * so it is detached and holds the object together with its owner: whoever lets go last frees it.
 * Lock: mutex guards the answers of all rules, the flags and the holders; it is never held while
 * a name is resolved. */
#include "net/external.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>

#include "base/clock.h"

#define MAX_RULES 64
#define NAME_MAX_BYTES 253 /* RFC 1035 2.3.4, as text */
#define LABEL_MAX_BYTES 63
#define RESOLVE_EVERY_MS 60000
#define FIRST_ANSWER_MS 2000

enum rule_kind { RULE_ADDRESS, RULE_NAME, RULE_LOCAL };

struct rule {
	bool is_for_all;
	struct network clients; /* unless is_for_all */
	enum rule_kind kind;
	char name[NAME_MAX_BYTES + 1];
	bool has_address; /* RULE_NAME: it was resolved at least once */
	struct address address;
};

struct external {
	struct rule rules[MAX_RULES];
	size_t n_rules;
	pthread_mutex_t mutex;
	pthread_cond_t changed; /* has_first_answers or is_stopping */
	bool has_first_answers, is_stopping;
	unsigned holders;
};

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

/* A host name of RFC 1123 2.1 (and '_', which is found in the wild). A last label of digits only is
 * refused: "10.0.0.300" is a mistyped address and not a name. */
static bool is_host_name(struct text name)
{
	struct text label = { 0 };
	uint64_t number;

	if (name.len == 0 || name.len > NAME_MAX_BYTES || name.ptr[name.len - 1] == '.')
		return false;
	while (text_take_until(&name, '.', &label)) {
		if (label.len == 0 || label.len > LABEL_MAX_BYTES || label.ptr[0] == '-' ||
		    label.ptr[label.len - 1] == '-')
			return false;
		for (size_t i = 0; i < label.len; i++)
			if (!is_name_char(label.ptr[i]))
				return false;
	}
	return text_to_uint(label, UINT64_MAX, &number) == -EINVAL;
}

/* What stands behind '=', or alone: "local", an IPv4 address that can be announced, or a name. */
static int parse_answer(struct text in, struct rule *rule)
{
	if (text_equal(in, T("local"))) {
		rule->kind = RULE_LOCAL;
		return 0;
	}
	if (address_parse(in, &rule->address) == 0) {
		rule->kind = RULE_ADDRESS;
		return address_is_v4(&rule->address) && !address_is_unspecified(&rule->address)
			       ? 0
			       : -EINVAL;
	}
	rule->kind = RULE_NAME;
	return is_host_name(in) ? text_copy(in, rule->name, sizeof(rule->name)) : -EINVAL;
}

static int parse_rule(struct text in, struct rule *ret)
{
	struct rule rule = { 0 };
	ptrdiff_t equals = text_find(in, '=');
	struct text clients;

	rule.is_for_all = equals < 0;
	if (!rule.is_for_all) {
		if (!text_take_until(&in, '=', &clients) ||
		    network_parse(text_trim(clients), &rule.clients) < 0)
			return -EINVAL;
	}

	int r = parse_answer(text_trim(in), &rule);

	if (r == 0)
		*ret = rule;
	return r;
}

/* ret has room for MAX_RULES, or is NULL to check only. */
static int parse_rules(struct text in, struct rule *ret, size_t *ret_n, struct text *ret_bad)
{
	struct text one;
	size_t n = 0;

	in = text_trim(in);

	bool ends_in_comma = in.len > 0 && in.ptr[in.len - 1] == ',';

	while (text_take_until(&in, ',', &one)) {
		struct rule rule;

		one = text_trim(one);
		if (n == MAX_RULES || parse_rule(one, &rule) < 0) {
			*ret_bad = one;
			return -EINVAL;
		}
		if (ret)
			ret[n] = rule;
		n++;
	}
	if (ends_in_comma) {
		*ret_bad = T(",");
		return -EINVAL;
	}
	*ret_n = n;
	return 0;
}

int external_check(struct text rules, struct text *ret_bad)
{
	size_t n;

	return parse_rules(rules, NULL, &n, ret_bad);
}

bool external_needs_names(struct text rules)
{
	struct rule parsed[MAX_RULES];
	struct text bad;
	size_t n = 0;

	if (parse_rules(rules, parsed, &n, &bad) < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (parsed[i].kind == RULE_NAME)
			return true;
	return false;
}

/* Among several answers the one we already announce is kept, so that sessions see a steady
 * address. */
static bool choose_answer(const struct addrinfo *answers, const struct address *current,
			  struct address *ret)
{
	bool found = false;

	for (const struct addrinfo *at = answers; at; at = at->ai_next) {
		struct address a;

		if (address_from_sockaddr(at->ai_addr, &a) < 0 || !address_is_v4(&a))
			continue;
		if (!found || address_same_host(&a, current))
			*ret = a;
		found = true;
	}
	return found;
}

static void resolve_rule(struct external *external, struct rule *rule)
{
	const struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
	struct addrinfo *answers = NULL;
	struct address chosen;

	if (getaddrinfo(rule->name, NULL, &hints, &answers) != 0)
		return; /* the last good answer stays */
	/* Only this thread writes the address, so it may read it without the lock. */
	bool found = choose_answer(answers, &rule->address, &chosen);

	freeaddrinfo(answers);
	if (!found)
		return;
	(void)pthread_mutex_lock(&external->mutex);
	rule->address = chosen;
	rule->has_address = true;
	(void)pthread_mutex_unlock(&external->mutex);
}

static void destroy(struct external *external)
{
	(void)pthread_cond_destroy(&external->changed);
	(void)pthread_mutex_destroy(&external->mutex);
	free(external);
}

/* Takes a holder's part in the object. */
static void let_go(struct external *external)
{
	(void)pthread_mutex_lock(&external->mutex);
	bool was_last = --external->holders == 0;
	(void)pthread_mutex_unlock(&external->mutex);
	if (was_last)
		destroy(external);
}

/* Waits for the condition at most timeout_ms; false when the time is over. */
static bool wait_locked(struct external *external, const bool *condition, int64_t timeout_ms)
{
	int64_t deadline = deadline_in(timeout_ms);
	const struct timespec until = { deadline / 1000, (deadline % 1000) * 1000000 };

	while (!*condition)
		if (pthread_cond_timedwait(&external->changed, &external->mutex, &until) != 0)
			break;
	return *condition;
}

static void *resolver_main(void *arg)
{
	struct external *external = arg;
	bool is_stopping;

	do {
		for (size_t i = 0; i < external->n_rules; i++)
			if (external->rules[i].kind == RULE_NAME)
				resolve_rule(external, &external->rules[i]);
		(void)pthread_mutex_lock(&external->mutex);
		external->has_first_answers = true;
		(void)pthread_cond_broadcast(&external->changed);
		is_stopping = wait_locked(external, &external->is_stopping, RESOLVE_EVERY_MS);
		(void)pthread_mutex_unlock(&external->mutex);
	} while (!is_stopping);
	let_go(external);
	return NULL;
}

/* Signals are for the threads that were there before. */
static int start_resolver(struct external *external)
{
	pthread_attr_t attributes;
	sigset_t all, old;
	pthread_t thread;

	if (pthread_attr_init(&attributes) != 0)
		return -EAGAIN;
	(void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	external->holders++;
	int error = pthread_create(&thread, &attributes, resolver_main, external);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)pthread_attr_destroy(&attributes);
	if (error == 0)
		return 0;
	external->holders--;
	return -EAGAIN;
}

static void init_locks(struct external *external)
{
	pthread_condattr_t attributes;

	(void)pthread_mutex_init(&external->mutex, NULL); /* never fails on Linux, as the others */
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&external->changed, &attributes);
	(void)pthread_condattr_destroy(&attributes);
}

static bool has_names(const struct external *external)
{
	for (size_t i = 0; i < external->n_rules; i++)
		if (external->rules[i].kind == RULE_NAME)
			return true;
	return false;
}

int external_new(struct text rules, struct external **ret)
{
	struct external *external = calloc(1, sizeof(*external));
	struct text bad;

	if (!external)
		return -ENOMEM;
	init_locks(external);
	external->holders = 1;
	int r = parse_rules(rules, external->rules, &external->n_rules, &bad);
	bool needs_resolver = r == 0 && has_names(external);

	if (needs_resolver)
		r = start_resolver(external);
	if (r < 0) {
		destroy(external);
		return r;
	}
	if (needs_resolver) {
		(void)pthread_mutex_lock(&external->mutex);
		(void)wait_locked(external, &external->has_first_answers, FIRST_ANSWER_MS);
		(void)pthread_mutex_unlock(&external->mutex);
	}
	*ret = external;
	return 0;
}

void external_free(struct external **external)
{
	if (!*external)
		return;
	(void)pthread_mutex_lock(&(*external)->mutex);
	(*external)->is_stopping = true;
	(void)pthread_cond_broadcast(&(*external)->changed);
	(void)pthread_mutex_unlock(&(*external)->mutex);
	let_go(*external);
	*external = NULL;
}

static const struct rule *find_rule(const struct external *external, const struct address *client)
{
	for (size_t i = 0; i < external->n_rules; i++) {
		const struct rule *rule = &external->rules[i];

		if (rule->is_for_all || network_contains(&rule->clients, client))
			return rule;
	}
	return NULL;
}

static bool answer_of(struct external *external, const struct rule *rule, struct address *ret)
{
	(void)pthread_mutex_lock(&external->mutex);
	bool has_address = rule->kind == RULE_ADDRESS || rule->has_address;
	*ret = rule->address;
	(void)pthread_mutex_unlock(&external->mutex);
	return has_address;
}

bool external_for(struct external *external, const struct address *client,
		  const struct address *control_local, struct address *ret)
{
	const struct rule *rule = find_rule(external, client);
	struct address answer = *control_local;

	if (rule && rule->kind != RULE_LOCAL && !answer_of(external, rule, &answer))
		return false;
	/* 227 has room for four numbers only. */
	if (!address_is_v4(&answer))
		return false;
	memcpy(ret->ip, answer.ip, sizeof(ret->ip));
	ret->scope_id = 0;
	return true;
}
