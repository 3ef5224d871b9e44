/* store/upload_look.c - how things stand before an upload, see upload.h. Touches nothing. */
#include <fcntl.h>

#include "store/upload.h"

/* The last name is a link. -ENOENT: it leads to where there is nothing yet. */
static int look_behind_link(const struct home *home, const char *path, struct stat *ret,
			    struct partial_place *place)
{
	int r = home_stat(home, path, ret);

	if (r != -ENOENT)
		return r;
	partial_release_place(place);
	r = partial_find_place(home, path, place);
	return r < 0 ? r : -ENOENT;
}

int upload_look(const struct home *home, const char *path, struct upload_outlook *ret)
{
	AUTO_PARTIAL_PLACE struct partial_place place = { .directory = -1 };
	struct stat st;
	int r = partial_take_place(home, path, &place);

	*ret = (struct upload_outlook){ 0 };
	if (r < 0)
		return r;
	if (fstatat(place.directory, place.name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	else if (S_ISLNK(st.st_mode))
		r = look_behind_link(home, path, &st, &place);
	ret->is_new = r == -ENOENT && place.directory >= 0;
	if (ret->is_new)
		return 0;
	if (r < 0)
		return r;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	ret->size_bytes = (uint64_t)st.st_size;
	return 0;
}

void upload_look_kept(const struct home *home, const char *path, struct upload_outlook *ret)
{
	/* Whatever else is wrong with the partial, it is none. */
	ret->is_busy = partial_look(home, path, &ret->kept_bytes) == -EWOULDBLOCK;
}
