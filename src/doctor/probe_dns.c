/* doctor/probe_dns.c - the addresses of the host, of both families side by side. getaddrinfo(3)
 * knows no deadline: each question has a thread, and one that outlasts our patience is left behind
 * with what it needs. Source: getaddrinfo(3), RFC 6724. */
#include <netdb.h>
#include <pthread.h>

#include "doctor/probe.h"

#define DNS_TIMEOUT_MS 20000
#define DNS_ASIDE_MS 5000 /* of what is good to know */

/* Shared by the asking and the asked; whoever is last frees it. */
struct question {
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t answered;
	char name[HOST_NAME_SIZE];
	int family;
	unsigned n_holders;
	bool is_answered;
	int error; /* EAI_* */
	int64_t duration_ms;
	struct address addresses[EVIDENCE_ADDRESSES];
	size_t n_addresses;
	bool has_more;
};

static void leave(struct question *question)
{
	(void)pthread_mutex_lock(&question->lock);
	bool is_last = --question->n_holders == 0;
	(void)pthread_mutex_unlock(&question->lock);
	if (!is_last)
		return;
	(void)pthread_cond_destroy(&question->answered);
	(void)pthread_mutex_destroy(&question->lock);
	free(question);
}

static void take_addresses(struct question *question, const struct addrinfo *list)
{
	for (; list; list = list->ai_next) {
		if (question->n_addresses == EVIDENCE_ADDRESSES) {
			question->has_more = true;
			return;
		}
		if (address_from_sockaddr(list->ai_addr,
					  &question->addresses[question->n_addresses]) == 0)
			question->n_addresses++;
	}
}

static void *ask(void *arg)
{
	struct question *question = arg;
	const struct addrinfo hints = { .ai_family = question->family, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	int64_t begin_ms = clock_ms();
	int error = getaddrinfo(question->name, NULL, &hints, &list);

	(void)pthread_mutex_lock(&question->lock);
	question->error = error;
	question->duration_ms = clock_ms() - begin_ms;
	if (error == 0)
		take_addresses(question, list);
	question->is_answered = true;
	(void)pthread_cond_signal(&question->answered);
	(void)pthread_mutex_unlock(&question->lock);
	if (error == 0)
		freeaddrinfo(list);
	leave(question);
	return NULL;
}

static struct question *question_new(const char *name, int family)
{
	struct question *question = calloc(1, sizeof(*question));
	pthread_condattr_t monotonic;
	pthread_t id;

	if (!question)
		return NULL;
	(void)pthread_mutex_init(&question->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&question->answered, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	(void)snprintf(question->name, sizeof(question->name), "%s", name);
	question->family = family;
	question->n_holders = 2;
	if (pthread_create(&id, NULL, ask, question) == 0) {
		(void)pthread_detach(id);
		return question;
	}
	(void)ask(question); /* without a thread it takes as long as it takes */
	return question;
}

static enum dns_outcome outcome_of_dns(int error)
{
	switch (error) {
	case 0:
		return DNS_OK;
	case EAI_NONAME:
		return DNS_NO_NAME;
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
		return DNS_NO_ADDRESS;
	default:
		return DNS_FAILED;
	}
}

static void take_answer(struct question *question, int64_t deadline_ms, struct dns *dns,
			struct dns_answer *ret)
{
	const struct timespec until = { .tv_sec = deadline_ms / 1000,
					.tv_nsec = deadline_ms % 1000 * 1000000 };

	if (!question) {
		ret->outcome = DNS_FAILED;
		return;
	}
	(void)pthread_mutex_lock(&question->lock);
	while (!question->is_answered &&
	       pthread_cond_timedwait(&question->answered, &question->lock, &until) == 0)
		;
	ret->outcome = question->is_answered ? outcome_of_dns(question->error) : DNS_TIMED_OUT;
	ret->duration_ms = question->duration_ms;
	if (question->is_answered && question->error != 0)
		(void)snprintf(ret->error, sizeof(ret->error), "%s", gai_strerror(question->error));
	for (size_t i = 0; question->is_answered && i < question->n_addresses; i++) {
		if (dns->n_addresses == EVIDENCE_ADDRESSES) {
			dns->has_more = true;
			break;
		}
		dns->addresses[dns->n_addresses++] = question->addresses[i];
	}
	dns->has_more |= question->is_answered && question->has_more;
	(void)pthread_mutex_unlock(&question->lock);
	leave(question);
}

static void ask_both(const char *name, int64_t deadline_ms, struct dns *ret)
{
	struct question *v4 = question_new(name, AF_INET), *v6 = question_new(name, AF_INET6);

	take_answer(v4, deadline_ms, ret, &ret->a);
	take_answer(v6, deadline_ms, ret, &ret->aaaa);
}

void probe_dns(struct doctor *doctor)
{
	struct evidence *evidence = doctor->evidence;
	struct dns *dns = &evidence->dns;
	int64_t deadline_ms = deadline_in(MIN_OF(doctor->connect_ms, (int64_t)DNS_TIMEOUT_MS));

	if (evidence->target.is_address) {
		/* It was parsed once already. */
		if (address_parse(text_of(evidence->target.host), &dns->addresses[0]) == 0)
			dns->n_addresses = 1;
		return;
	}
	ask_both(evidence->target.host, deadline_ms, dns);
}

/* The first name that is one host's. */
static bool host_of_certificate(const struct certificate *leaf, char *ret, size_t size)
{
	struct text rest = text_of(leaf->names), name;

	while (text_take_until(&rest, ',', &name)) {
		name = text_trim(name);
		if (!text_starts(name, T("DNS:")))
			continue;
		name.ptr += 4;
		name.len -= 4;
		if (name.len == 0 || name.len >= size || memchr(name.ptr, '*', name.len) ||
		    memchr(name.ptr, '\\', name.len))
			continue;
		(void)snprintf(ret, size, "%.*s", TEXT_ARG(name));
		return true;
	}
	return false;
}

void probe_certificate_name(struct doctor *doctor, const struct certificate *leaf)
{
	struct dns *dns = &doctor->evidence->dns, *found = NULL;

	if (!doctor->evidence->target.is_address || dns->n_addresses == 0 ||
	    address_is_private(&dns->addresses[0]) || address_is_loopback(&dns->addresses[0]) ||
	    !host_of_certificate(leaf, dns->certificate_name, sizeof(dns->certificate_name)))
		return;
	found = calloc(1, sizeof(*found));
	if (!found)
		return;
	ask_both(dns->certificate_name,
		 deadline_in(MIN_OF(doctor->connect_ms, (int64_t)DNS_ASIDE_MS)), found);
	dns->named = found->n_addresses == 0 || found->a.outcome == DNS_OK ? found->a : found->aaaa;
	memcpy(dns->named_addresses, found->addresses, sizeof(dns->named_addresses));
	dns->n_named_addresses = found->n_addresses;
	free(found);
}
