/* settings/suggest.c - see suggest.h. */
#include "settings/suggest.h"

#define NAME_LIMIT 64u

static char folded(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '-' ? '_' : c;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	return MIN_OF(MIN_OF(a, b), c);
}

/* Damerau-Levenshtein by rows (optimal string alignment): only the last three rows are needed. */
unsigned suggest_distance(struct text a, struct text b)
{
	unsigned rows[3][NAME_LIMIT + 1];

	if (a.len > NAME_LIMIT || b.len > NAME_LIMIT)
		return SUGGEST_FAR;
	for (unsigned j = 0; j <= b.len; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i - 1) % 3],
			 *before = rows[(i + 1) % 3];

		row[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			char x = folded(a.ptr[i - 1]), y = folded(b.ptr[j - 1]);

			row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == folded(b.ptr[j - 2]) &&
			    y == folded(a.ptr[i - 2]))
				row[j] = MIN_OF(row[j], before[j - 2] + 1);
		}
	}
	return rows[a.len % 3][b.len];
}

/* One slip in a short name, two in a usual one, three in a long one. */
static unsigned near_enough(struct text typed)
{
	if (typed.len <= 4)
		return 1;
	return typed.len <= 9 ? 2 : 3;
}

void suggestion_offer(struct suggestion *suggestion, const char *name)
{
	unsigned distance = suggest_distance(suggestion->typed, text_of(name));

	if (distance > near_enough(suggestion->typed))
		return;
	if (!suggestion->nearest || distance < suggestion->distance) {
		suggestion->nearest = name;
		suggestion->distance = distance;
	}
}
