/* doctor/finding.c - facts and texts of a finding; see cause.h. */
#include <stdarg.h>

#include "doctor/cause.h"

static struct named_value *add_fact(struct finding *finding, const char *name)
{
	for (size_t i = 0; i < finding->n_facts; i++)
		if (strcmp(finding->facts[i].name, name) == 0)
			return &finding->facts[i];
	if (finding->n_facts == FINDING_FACTS)
		return NULL;

	struct named_value *fact = &finding->facts[finding->n_facts++];
	*fact = (struct named_value){ .is_number = false };
	(void)snprintf(fact->name, sizeof(fact->name), "%s", name);
	return fact;
}

void fact_number(struct finding *finding, const char *name, int64_t number)
{
	struct named_value *fact = add_fact(finding, name);

	if (!fact)
		return;
	fact->is_number = true;
	fact->number = number;
}

void fact_text(struct finding *finding, const char *name, const char *text)
{
	struct named_value *fact = *text ? add_fact(finding, name) : NULL;

	if (fact)
		evidence_text(text_of(text), fact->text, sizeof(fact->text));
}

void fact_host(struct finding *finding, const char *name, const struct address *address)
{
	char shown[ADDRESS_TEXT_SIZE];

	fact_text(finding, name, address_format_ip(address, shown));
}

void fact_range(struct finding *finding, uint16_t first, uint16_t last)
{
	char range[16];

	if (first == last)
		(void)snprintf(range, sizeof(range), "%u", first);
	else
		(void)snprintf(range, sizeof(range), "%u-%u", first, last);
	fact_number(finding, "first", first);
	fact_number(finding, "last", last);
	fact_text(finding, "range", range);
}

void fact_reply(struct finding *finding, const struct reply *reply)
{
	struct text rest = text_of(reply->text), line;
	struct named_value *fact;

	fact_number(finding, "code", reply->code);
	if (!text_take_until(&rest, '\n', &line))
		return;
	fact = add_fact(finding, "reply");
	/* It may be shown already: what does not fit is cut at the end. */
	if (fact)
		(void)snprintf(fact->text, sizeof(fact->text), "%.*s",
			       (int)MIN_OF(line.len, sizeof(fact->text) - 1), line.ptr);
}

void fact_address(struct finding *finding, const struct address *address)
{
	fact_host(finding, "address", address);
	fact_number(finding, "port", address->port);
}

void fact_blocked(struct finding *finding, const struct transfer *transfer)
{
	fact_address(finding, &transfer->attempt.peer);
	fact_number(finding, "seconds",
		    MAX_OF(seconds_of_ms(transfer->attempt.duration_ms), (int64_t)1));
	fact_text(finding, "how",
		  transfer->attempt.outcome == NET_TIMED_OUT ? "silence" : "refused");
}

const struct named_value *finding_fact(const struct finding *finding, const char *name)
{
	for (size_t i = 0; i < finding->n_facts; i++)
		if (strcmp(finding->facts[i].name, name) == 0)
			return &finding->facts[i];
	return NULL;
}

void finding_add(struct finding *finding, const char *format, ...)
{
	struct buf out = { .ptr = finding->explanation,
			   .len = strlen(finding->explanation),
			   .size = sizeof(finding->explanation) };
	char sentence[1024];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	buf_addf(&out, "%s%s", out.len > 0 ? " " : "", sentence);
}

void finding_advise(struct finding *finding, enum who who, const char *remedy)
{
	finding->who = who;
	(void)snprintf(finding->remedy, sizeof(finding->remedy), "%s", remedy);
}

void finding_expand(const struct finding *finding, const char *template, struct buf *out)
{
	struct text rest = text_of(template), part, name;

	while (text_take_until(&rest, '{', &part)) {
		buf_add(out, part);
		if (!text_take_until(&rest, '}', &name))
			continue;

		const struct named_value *found = NULL;
		for (size_t i = 0; i < finding->n_facts && !found; i++)
			if (text_equal(text_of(finding->facts[i].name), name))
				found = &finding->facts[i];
		if (!found)
			buf_add_char(out, '?');
		else if (found->is_number)
			buf_addf(out, "%lld", (long long)found->number);
		else
			buf_add(out, text_of(found->text));
	}
}
