/* worker/transfer.c - see transfer.h. */
#include "worker/transfer.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "ftp/ascii.h"
#include "ftp/digest.h"
#include "net/file_window.h"
#include "net/socket.h"
#include "worker/control.h"
#include "worker/flow.h"
#include "worker/pool.h"

/* How much goes out between two looks at the client. */
#define CHUNK_BYTES ((size_t)1024 * 1024)
/* Below this it costs more to map a file than to copy it. */
#define MAP_AT_LEAST ((size_t)256 * 1024)
/* Of an upload at a time. */
#define PIECE_BYTES ((size_t)1024 * 1024)
/* Below this a delayed acknowledgement (40 ms) would be most of the time of an upload. */
#define SMALL_UPLOAD ((uint64_t)64 * 1024)
/* Pieces of this size come from a client that waits for each acknowledgement. */
#define SMALL_PIECE 4096

static int64_t stall_deadline(const struct session *s)
{
	return deadline_in((int64_t)s->worker->settings->stall_timeout_s * 1000);
}

void transfer_begin(struct session *s, enum transfer_kind kind, const char *path, uint64_t size)
{
	s->transfer_size = size;
	s->transfer_started_wall_ms = clock_wall_ms();
	s->transfer_kind = kind;
	s->transfer_path = path;
	atomic_store(&s->transfer_bytes, 0);
	session_publish(s);
}

void transfer_end(struct session *s)
{
	s->transfer_kind = TRANSFER_NONE;
	s->transfer_path = NULL;
	session_publish(s);
}

void transfer_count(struct session *s, uint64_t bytes)
{
	uint64_t before = atomic_load_explicit(&s->transfer_bytes, memory_order_relaxed);

	atomic_store_explicit(&s->transfer_bytes, before + bytes, memory_order_relaxed);
	scoreboard_set_transfer_bytes(s->worker->start->board, s->board_slot, before + bytes);
	scoreboard_add_bytes(s->worker->start->board, s->worker->start->slot,
			     s->transfer_kind == TRANSFER_UPLOAD, bytes);
}

/* Not -EPIPE and friends: what a file can fail with while it is read. */
static bool is_of_file(int error)
{
	return error == -EIO || error == -EISDIR || error == -EBADF || error == -ESTALE ||
	       error == -ESPIPE;
}

/* A file has no more bytes although there should be some up to `end`: who says that it has them
 * (files that are made up say what they like) is done; else it was cut, and no close_notify may
 * prove that this is all. */
static void note_early_end(struct data *data, int file, off_t end, struct transfer *t)
{
	struct stat st;

	if (fstat(file, &st) == 0 && st.st_size < end) {
		t->error = -ESPIPE;
		t->is_file_error = true;
		data->stream.has_failed_tls = true;
	}
}

static ssize_t send_piece(struct data *data, int file, off_t *offset, size_t len, char *buffer,
			  bool may_map, int64_t deadline_ms)
{
	ssize_t n = may_map && len >= MAP_AT_LEAST
			    ? stream_send_mapped(&data->stream, file, offset, len, deadline_ms)
			    : -EOPNOTSUPP;

	return n != -EOPNOTSUPP ? n
				: stream_send_file(&data->stream, file, offset, len, buffer,
						   POOL_BUFFER_SIZE, deadline_ms);
}

/* The content as it lies on disk, the kernel copies where it can. */
static void send_image(struct session *s, struct data *data, int file, off_t offset, off_t end,
		       char *buffer, struct transfer *t)
{
	bool may_map =
		data->stream.ssl && end - offset >= (off_t)MAP_AT_LEAST && file_window_suits(file);

	while (t->error == 0 && offset < end) {
		ssize_t n = flow_take(s->flow, MIN_OF(CHUNK_BYTES, (size_t)(end - offset)));
		if (n < 0) {
			t->error = (int)n;
			return;
		}
		if (t->bytes < CHUNK_BYTES && t->bytes + (size_t)n >= CHUNK_BYTES &&
		    s->flow->n_meters == 0)
			socket_tune_bulk(data->stream.fd, data->stream.ssl != NULL);
		off_t before = offset;
		n = send_piece(data, file, &offset, (size_t)n, buffer, may_map, stall_deadline(s));
		t->bytes += (uint64_t)(offset - before); /* those of a piece that fails, too */
		transfer_count(s, (uint64_t)(offset - before));
		if (n == 0) {
			note_early_end(data, file, end, t);
			return;
		}
		if (n < 0) {
			t->error = (int)n;
			t->is_file_error = is_of_file((int)n);
			return;
		}
		t->error = flow_spend(s->flow, (size_t)n);
		if (t->error == 0 && offset < end)
			t->error = control_look(s);
	}
}

/* The content through our own hands: TYPE A, MODE Z, and where it is hashed. digest may be NULL. */
static void send_converted(struct session *s, struct data *data, int file, off_t offset, off_t end,
			   char *buffer, struct digest *digest, struct transfer *t)
{
	struct ascii state = { 0 };
	size_t third =
		POOL_BUFFER_SIZE / 3; /* a piece of the file, and twice as much for its lines */

	while (t->error == 0 && offset < end) {
		ssize_t n = flow_take(s->flow, MIN_OF(third, (size_t)(end - offset)));
		const char *out = buffer;
		if (n < 0) {
			t->error = (int)n;
			return;
		}
		n = pread(file, buffer, (size_t)n, offset);
		if (n < 0) {
			t->error = -errno;
			t->is_file_error = true;
			return;
		}
		if (n == 0) {
			note_early_end(data, file, end, t);
			return;
		}
		offset += n;
		if (digest)
			digest_add(digest, buffer, (size_t)n);
		size_t len = (size_t)n;
		if (s->type == TYPE_ASCII) {
			out = buffer + third;
			len = ascii_encode(&state, buffer, (size_t)n, buffer + third);
		}
		t->error = data_write(data, out, len, stall_deadline(s));
		if (t->error == 0) {
			t->bytes += len;
			transfer_count(s, len);
			t->error = flow_spend(s->flow, len);
		}
		if (t->error == 0) {
			t->error = control_look(s);
		}
	}
}

static void end_flow(struct flow *flow, struct transfer *t)
{
	const struct meter *meter = flow_held_back_by(flow);

	if (meter) {
		t->limit = meter->limit;
		t->limit_rate = meter->rate;
	}
	t->slow_rate = flow->slow_rate;
	flow_end(flow);
}

/* NULL where no hash is wanted or memory is short. */
static struct digest *start_digest(const struct session *s, bool is_wanted, bool is_whole)
{
	return is_wanted && is_whole && s->type == TYPE_IMAGE ? digest_new(DIGEST_SHA256) : NULL;
}

static void end_digest(struct digest **digest, struct transfer *t)
{
	struct buf out;

	if (*digest && t->error == 0) {
		buf_init(&out, t->sha256, sizeof(t->sha256));
		digest_finish(*digest, &out);
	}
	digest_free(digest);
}

void transfer_send(struct session *s, struct data *data, int file, uint64_t offset, uint64_t end,
		   bool is_whole, struct transfer *ret)
{
	char *buffer = pool_buffer();
	off_t last = end > INT64_MAX ? INT64_MAX : (off_t)end;
	struct digest *digest;
	struct flow flow;

	*ret = (struct transfer){ .error = buffer ? 0 : -ENOMEM };
	if (!buffer)
		return;
	digest = start_digest(s, s->worker->settings->hash_downloads, is_whole);
	flow_begin(&flow, s, data->stream.fd, DIRECTION_DOWNLOAD);
	if (s->type == TYPE_ASCII || s->is_mode_z || digest)
		send_converted(s, data, file, (off_t)offset, last, buffer, digest, ret);
	else
		send_image(s, data, file, (off_t)offset, last, buffer, ret);
	if (ret->error == 0)
		ret->error = data_end(data, stall_deadline(s));
	end_digest(&digest, ret);
	end_flow(&flow, ret);
}

static int write_all(int file, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(file, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Writes what *left allows. */
static int store(struct upload *up, const char *p, size_t len, uint64_t *left)
{
	size_t fits = (size_t)MIN_OF((uint64_t)len, *left), granted = 0;
	int r = fits > 0 ? upload_reserve(up, fits, &granted) : 0;

	if (r == 0)
		r = write_all(upload_file(up), p, granted);
	*left -= granted;
	if (r == 0 && granted < fits)
		return -EDQUOT;
	return r == 0 && fits < len ? -EFBIG : r;
}

/* The len bytes in the pipe, likewise. */
static int store_piped(struct upload *up, size_t len, uint64_t *left)
{
	size_t fits = (size_t)MIN_OF((uint64_t)len, *left), granted = 0, done = 0;
	int r = fits > 0 ? upload_reserve(up, fits, &granted) : 0;

	while (r == 0 && done < granted) {
		ssize_t n = splice(pool_self()->pipe[0], NULL, upload_file(up), NULL,
				   granted - done, SPLICE_F_MOVE);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			r = n == 0 ? -EIO : -errno;
	}
	*left -= granted;
	if (done < len)
		pool_drop_pipe();
	if (r == 0 && granted < fits)
		return -EDQUOT;
	return r == 0 && fits < len ? -EFBIG : r;
}

/* As data_read, within what the bandwidth limits let through. */
static ssize_t read_piece(struct session *s, struct data *data, char *buffer, size_t size,
			  bool comes_in_pieces, struct transfer *t)
{
	ssize_t n = flow_take(s->flow, size);

	if (comes_in_pieces && t->bytes < SMALL_UPLOAD)
		socket_acknowledge_now(data->stream.fd);
	return n < 0 ? n : data_read(data, buffer, (size_t)n, stall_deadline(s));
}

/* The rest from the socket to the file, through a pipe instead of our memory. */
static void receive_piped(struct session *s, struct data *data, struct upload *up,
			  uint64_t most_bytes, struct transfer *ret)
{
	while (ret->error == 0) {
		ssize_t n = pool_pipe() ? flow_take(s->flow, PIECE_BYTES) : -ENOMEM;

		if (n > 0)
			n = stream_read_to_pipe(&data->stream, pool_self()->pipe[1], (size_t)n,
						stall_deadline(s));
		if (n <= 0) {
			ret->error = (int)n;
			return;
		}
		ret->bytes += (size_t)n;
		transfer_count(s, (size_t)n);
		int slow = flow_spend(s->flow, (size_t)n);
		ret->error = store_piped(up, (size_t)n, &most_bytes);
		ret->is_file_error = ret->error < 0;
		if (ret->error == 0)
			ret->error = slow;
		if (ret->error == 0)
			ret->error = control_look(s);
	}
}

static void receive(struct session *s, struct data *data, struct upload *up, uint64_t most_bytes,
		    struct digest *digest, struct transfer *ret)
{
	char *buffer = pool_buffer(), *decoded = buffer ? buffer + POOL_BUFFER_SIZE / 2 : NULL;
	size_t size = s->type == TYPE_ASCII ? POOL_BUFFER_SIZE / 2 - 1 : POOL_BUFFER_SIZE;
	struct ascii state = { 0 };
	bool comes_in_pieces = false;
	bool can_pipe = s->type == TYPE_IMAGE && !s->is_mode_z && !data->stream.ssl && !digest;

	ret->error = buffer ? 0 : -ENOMEM;
	while (ret->error == 0) {
		ssize_t n = read_piece(s, data, buffer, size, comes_in_pieces, ret);
		size_t len = n > 0 ? (size_t)n : 0;

		if (n < 0) {
			ret->error = (int)n;
			return;
		}
		ret->bytes += len;
		comes_in_pieces = len < SMALL_PIECE;
		transfer_count(s, len);
		if (digest)
			digest_add(digest, buffer, len);
		int slow = flow_spend(s->flow, len);
		if (s->type == TYPE_ASCII)
			len = n > 0 ? ascii_decode(&state, buffer, len, decoded)
				    : ascii_decode_end(&state, decoded);
		ret->error = store(up, s->type == TYPE_ASCII ? decoded : buffer, len, &most_bytes);
		ret->is_file_error = ret->error < 0;
		if (n == 0)
			return;
		if (ret->error == 0)
			ret->error = slow;
		if (ret->error == 0 && ret->bytes > SMALL_UPLOAD)
			ret->error = control_look(s);
		if (ret->error == 0 && ret->bytes > SMALL_UPLOAD && can_pipe && pool_pipe()) {
			receive_piped(s, data, up, most_bytes, ret);
			return;
		}
	}
}

void transfer_receive(struct session *s, struct data *data, struct upload *up, uint64_t most_bytes,
		      struct transfer *ret)
{
	struct digest *digest =
		start_digest(s, s->worker->settings->hash_uploads, upload_start(up) == 0);
	struct flow flow;

	*ret = (struct transfer){ 0 };
	flow_begin(&flow, s, data->stream.fd, DIRECTION_UPLOAD);
	receive(s, data, up, most_bytes, digest, ret);
	/* Who gives up, or dies, closes all connections: then the end of this one, which is not
	 * protected, is not the end of a file. */
	if (ret->error == 0)
		ret->error = control_check_end(s);
	end_digest(&digest, ret);
	end_flow(&flow, ret);
}
