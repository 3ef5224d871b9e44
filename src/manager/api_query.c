/* manager/api_query.c - see api_query.h. */
#include "manager/api_query.h"

#include <microhttpd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "manager/api_route.h"

bool api_query(struct api_request *request, const char *name, char ret[static API_ARGUMENT_SIZE],
	       bool *ret_is_bad)
{
	const char *value =
		MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);

	*ret_is_bad = value && api_percent_decode(text_of(value), ret) < 0;
	if (*ret_is_bad)
		(void)api_problem(request, 422, name, "The parameter \"%s\" cannot be read.", name);
	return value != NULL;
}

unsigned api_query_text(struct api_request *request, const char *name,
			char ret[static API_ARGUMENT_SIZE])
{
	bool is_bad;

	ret[0] = '\0';
	(void)api_query(request, name, ret, &is_bad);
	return is_bad ? 422 : 0;
}

unsigned api_query_number(struct api_request *request, const char *name, uint64_t most,
			  uint64_t *ret)
{
	char value[API_ARGUMENT_SIZE];
	uint64_t number = 0;
	bool is_bad;

	if (!api_query(request, name, value, &is_bad))
		return 0;
	if (is_bad)
		return 422;
	if (text_to_uint(text_of(value), most, &number) < 0 || number == 0)
		return api_problem(request, 422, name,
				   "The parameter \"%s\" must be a number from 1 to %" PRIu64 ".",
				   name, most);
	*ret = number;
	return 0;
}

unsigned api_query_time(struct api_request *request, const char *name, int64_t *ret_ms)
{
	char value[API_ARGUMENT_SIZE];
	bool is_bad;

	if (!api_query(request, name, value, &is_bad))
		return 0;
	if (is_bad)
		return 422;
	if (clock_parse_iso(text_of(value), ret_ms) < 0)
		return api_problem(request, 422, name,
				   "The parameter \"%s\" must be a time such as "
				   "2026-11-20T11:17:40Z.",
				   name);
	return 0;
}

static unsigned word_problem(struct api_request *request, const char *name,
			     const char *const *words, size_t n_words)
{
	char storage[512];
	struct buf list;

	buf_init(&list, storage, sizeof(storage));
	for (size_t i = 0; i < n_words; i++)
		buf_addf(&list, "%s%s", i == 0 ? "" : (i + 1 < n_words ? ", " : " or "), words[i]);
	return api_problem(request, 422, name, "The parameter \"%s\" must be %s.", name, storage);
}

unsigned api_query_word(struct api_request *request, const char *name, const char *const *words,
			size_t n_words, int *ret_index)
{
	char value[API_ARGUMENT_SIZE];
	bool is_bad;

	if (!api_query(request, name, value, &is_bad))
		return 0;
	if (is_bad)
		return 422;
	for (size_t i = 0; i < n_words; i++)
		if (strcmp(value, words[i]) == 0) {
			*ret_index = (int)i;
			return 0;
		}
	return word_problem(request, name, words, n_words);
}

unsigned api_query_flag(struct api_request *request, const char *name, bool *ret)
{
	static const char *const words[] = { "false", "true", "0", "1" };
	int index = -1;
	unsigned status = api_query_word(request, name, words, ARRAY_SIZE(words), &index);

	if (index >= 0)
		*ret = index % 2 == 1;
	return status;
}

unsigned api_page(struct api_request *request, unsigned *ret_limit,
		  char ret_after[static API_ARGUMENT_SIZE])
{
	uint64_t limit = API_PAGE_DEFAULT;
	unsigned status = api_query_number(request, "limit", API_PAGE_MOST, &limit);

	if (status == 0)
		status = api_query_text(request, "after", ret_after);
	if (status == 0)
		*ret_limit = (unsigned)limit;
	return status;
}

unsigned api_page_number(struct api_request *request, unsigned *ret_limit, int64_t *ret_after)
{
	uint64_t limit = API_PAGE_DEFAULT, after = 0;
	unsigned status = api_query_number(request, "limit", API_PAGE_MOST, &limit);

	if (status == 0)
		status = api_query_number(request, "after", INT64_MAX, &after);
	if (status == 0) {
		*ret_limit = (unsigned)limit;
		*ret_after = (int64_t)after;
	}
	return status;
}

json_t *api_next_id(const json_t *list, unsigned limit)
{
	size_t n = json_array_size(list);
	char text[24];

	if (n < limit)
		return json_null();
	(void)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT,
		       json_integer_value(json_object_get(json_array_get(list, n - 1), "id")));
	return json_string(text);
}

json_t *api_next_name(const json_t *list, unsigned limit)
{
	size_t n = json_array_size(list);

	if (n < limit)
		return json_null();
	return json_incref(json_object_get(json_array_get(list, n - 1), "name"));
}
