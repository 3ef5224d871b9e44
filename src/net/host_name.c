/* net/host_name.c - see host_name.h. Source: RFC 1123 2.1, RFC 6066 3. */
#include "net/host_name.h"

#include "net/address.h"

#define NAME_MAX_LEN 253
#define LABEL_MAX_LEN 63
#define SNI_HOST_NAME 0

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_label_byte(char c)
{
	return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_';
}

static bool is_label(struct text label)
{
	if (label.len == 0 || label.len > LABEL_MAX_LEN || label.ptr[0] == '-' ||
	    label.ptr[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++)
		if (!is_label_byte(label.ptr[i]))
			return false;
	return true;
}

static bool is_domain(struct text name)
{
	struct text rest = name, label;

	if (name.len == 0 || name.len > NAME_MAX_LEN || name.ptr[name.len - 1] == '.')
		return false;
	while (text_take_until(&rest, '.', &label))
		if (!is_label(label))
			return false;
	return true;
}

static struct text without_brackets(struct text in)
{
	if (in.len >= 2 && in.ptr[0] == '[' && in.ptr[in.len - 1] == ']')
		return (struct text){ in.ptr + 1, in.len - 2 };
	return in;
}

int host_name_parse(struct text in, char ret[static HOST_NAME_SIZE])
{
	char shown[ADDRESS_TEXT_SIZE];
	struct address address;

	if (address_parse(without_brackets(in), &address) == 0)
		return text_copy(text_of(address_format_ip(&address, shown)), ret, HOST_NAME_SIZE);
	if (in.len > 1 && in.ptr[in.len - 1] == '.')
		in.len--;
	if (!is_domain(in))
		return -EINVAL;
	for (size_t i = 0; i < in.len; i++)
		ret[i] = lower(in.ptr[i]);
	ret[in.len] = '\0';
	return 0;
}

/* A length of two bytes and that many bytes behind it, which may not reach beyond the end. */
static bool take_vector(struct text *in, struct text *ret)
{
	if (in->len < 2)
		return false;

	size_t len = (size_t)(uint8_t)in->ptr[0] << 8 | (uint8_t)in->ptr[1];

	if (len > in->len - 2)
		return false;
	*ret = (struct text){ in->ptr + 2, len };
	in->ptr += 2 + len;
	in->len -= 2 + len;
	return true;
}

bool host_name_of_sni(struct text extension, struct text *ret)
{
	struct text list, name;

	if (!take_vector(&extension, &list) || extension.len > 0)
		return false;
	/* Only host names are defined; what comes behind one of another type cannot be found. */
	if (!text_skip_char(&list, SNI_HOST_NAME) || !take_vector(&list, &name) || name.len == 0)
		return false;
	*ret = name;
	return true;
}
