/* ipc/scoreboard.c - see scoreboard.h.
 *
 * A session slot belongs to whoever wrote itself into its owner word with a compare-and-swap; from
 * then on nobody else writes the slot until the owner is 0 again. Each worker looks for a free slot
 * from where it found or freed the last one, so that opening a session costs the same with ten and
 * with thousands, and pages that were used once are used again.
 * Fields that change all the time are relaxed atomics in a small array of their own, so that a
 * walk over all slots leaves the pages of unused ones untouched; the rest is on the session's
 * card. */
#include "ipc/scoreboard.h"

#include <assert.h>
#include <sys/mman.h>

#include "ipc/seqlock.h"
#include "ipc/session_card.h"

struct session_slot {
	_Atomic uint32_t owner; /* worker slot + 1; 0: free */
	_Atomic uint32_t is_running;
	_Atomic uint64_t id; /* 0: not (yet) a session */
	_Atomic uint64_t transfer_bytes;
};

struct worker_slot {
	_Alignas(64) _Atomic uint32_t sessions;
	_Atomic uint32_t threads;
	_Atomic uint64_t memory_bytes;
	_Atomic uint32_t hint; /* where to look for a free session slot first */
	_Atomic uint64_t bytes_in, bytes_out;
	struct seqlock lock;
	_Atomic uint64_t view[SEQLOCK_WORDS(sizeof(struct worker_view))];
};

struct scoreboard {
	size_t max_sessions;
	_Atomic uint64_t last_id;
	struct seqlock server_lock;
	_Atomic uint64_t server[SEQLOCK_WORDS(sizeof(struct server_view))];
	_Atomic uint64_t sandboxes[SCOREBOARD_WORKERS + 1]; /* a word each: see SANDBOX_KNOWN */
	struct worker_slot workers[SCOREBOARD_WORKERS];
	struct session_slot *sessions; /* max_sessions, behind this struct */
	struct session_card *cards;    /* as many; so are the rests */
	struct session_rest *rests;
};

/* A sandbox_view in one word: the version of Landlock, flags, capabilities (41 of them so far). */
#define SANDBOX_KNOWN (UINT64_C(1) << 8)
#define SANDBOX_SECCOMP (UINT64_C(1) << 9)
#define SANDBOX_NO_NEW_PRIVILEGES (UINT64_C(1) << 10)
#define SANDBOX_OPENAT2 (UINT64_C(1) << 11)
#define SANDBOX_DUMPS (UINT64_C(1) << 12)
#define SANDBOX_CAPABILITIES 16

static size_t board_size(size_t max_sessions)
{
	return sizeof(struct scoreboard) +
	       max_sessions * (sizeof(struct session_slot) + sizeof(struct session_card) +
			       sizeof(struct session_rest));
}

struct scoreboard *scoreboard_new(size_t max_sessions)
{
	assert(max_sessions > 0 && max_sessions <= UINT32_MAX / 2);

	/* Zero pages of the kernel: a slot costs memory once it was used. */
	struct scoreboard *board = mmap(NULL, board_size(max_sessions), PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		return NULL;
	board->max_sessions = max_sessions;
	/* Forks map it at the same place, so pointers into it are good in each of them. */
	board->sessions = (struct session_slot *)(board + 1);
	board->cards = (struct session_card *)(board->sessions + max_sessions);
	board->rests = (struct session_rest *)(board->cards + max_sessions);
	/* Workers start far from each other, so that they do not meet at the same slots. */
	for (uint32_t i = 0; i < SCOREBOARD_WORKERS; i++)
		atomic_init(&board->workers[i].hint,
			    (uint32_t)(max_sessions / SCOREBOARD_WORKERS * i));
	return board;
}

size_t scoreboard_max_sessions(const struct scoreboard *board)
{
	return board->max_sessions;
}

static struct worker_slot *worker_at(struct scoreboard *board, uint32_t worker_slot)
{
	assert(worker_slot < SCOREBOARD_WORKERS);
	return &board->workers[worker_slot];
}

static struct session_slot *session_at(struct scoreboard *board, uint32_t slot)
{
	assert(slot < board->max_sessions);
	return &board->sessions[slot];
}

void scoreboard_set_server(struct scoreboard *board, const struct server_view *view)
{
	seqlock_write(&board->server_lock, board->server, view, sizeof(*view));
}

void scoreboard_set_worker(struct scoreboard *board, uint32_t worker_slot,
			   const struct worker_view *view)
{
	struct worker_slot *worker = worker_at(board, worker_slot);

	seqlock_write(&worker->lock, worker->view, view, sizeof(*view));
}

void scoreboard_set_memory(struct scoreboard *board, uint32_t worker_slot, uint64_t bytes)
{
	atomic_store_explicit(&worker_at(board, worker_slot)->memory_bytes, bytes,
			      memory_order_relaxed);
}

uint64_t scoreboard_sessions_ever(const struct scoreboard *board)
{
	return atomic_load_explicit(&board->last_id, memory_order_relaxed);
}

void scoreboard_add_threads(struct scoreboard *board, uint32_t worker_slot, int32_t delta)
{
	atomic_fetch_add_explicit(&worker_at(board, worker_slot)->threads, (uint32_t)delta,
				  memory_order_relaxed);
}

void scoreboard_set_sandbox(struct scoreboard *board, uint32_t child,
			    const struct sandbox_view *view)
{
	uint64_t word = MIN_OF(view->landlock_abi, 0xffU) | view->capabilities
								    << SANDBOX_CAPABILITIES;

	assert(child <= SCOREBOARD_MANAGER);
	word |= view->is_known ? SANDBOX_KNOWN : 0;
	word |= view->has_seccomp ? SANDBOX_SECCOMP : 0;
	word |= view->has_no_new_privileges ? SANDBOX_NO_NEW_PRIVILEGES : 0;
	word |= view->has_openat2 ? SANDBOX_OPENAT2 : 0;
	word |= view->dumps_core ? SANDBOX_DUMPS : 0;
	atomic_store_explicit(&board->sandboxes[child], word, memory_order_relaxed);
}

void scoreboard_get_sandbox(const struct scoreboard *board, uint32_t child,
			    struct sandbox_view *ret)
{
	assert(child <= SCOREBOARD_MANAGER);

	uint64_t word = atomic_load_explicit(&board->sandboxes[child], memory_order_relaxed);

	*ret = (struct sandbox_view){
		.is_known = word & SANDBOX_KNOWN,
		.landlock_abi = (unsigned)(word & 0xff),
		.has_seccomp = word & SANDBOX_SECCOMP,
		.has_no_new_privileges = word & SANDBOX_NO_NEW_PRIVILEGES,
		.has_openat2 = word & SANDBOX_OPENAT2,
		.dumps_core = word & SANDBOX_DUMPS,
		.capabilities = word >> SANDBOX_CAPABILITIES,
	};
}

/* The id goes first and the owner last: who sees the slot as free may take it. */
static void free_slot(struct session_slot *session)
{
	atomic_store_explicit(&session->id, 0, memory_order_release);
	atomic_store_explicit(&session->owner, 0, memory_order_release);
}

void scoreboard_forget_worker(struct scoreboard *board, uint32_t worker_slot)
{
	struct worker_slot *worker = worker_at(board, worker_slot);

	for (size_t i = 0; i < board->max_sessions; i++) {
		struct session_slot *session = &board->sessions[i];

		if (atomic_load_explicit(&session->owner, memory_order_acquire) == worker_slot + 1)
			free_slot(session);
	}
	atomic_store_explicit(&board->sandboxes[worker_slot], 0, memory_order_relaxed);
	atomic_store_explicit(&worker->sessions, 0, memory_order_relaxed);
	atomic_store_explicit(&worker->threads, 0, memory_order_relaxed);
	atomic_store_explicit(&worker->memory_bytes, 0, memory_order_relaxed);
}

static bool take_slot(struct session_slot *session, uint32_t owner)
{
	uint32_t nobody = 0;

	if (atomic_load_explicit(&session->owner, memory_order_relaxed) != 0)
		return false;
	return atomic_compare_exchange_strong_explicit(&session->owner, &nobody, owner,
						       memory_order_acq_rel, memory_order_relaxed);
}

static int find_slot(struct scoreboard *board, uint32_t worker_slot, uint32_t *ret_slot)
{
	struct worker_slot *worker = worker_at(board, worker_slot);
	size_t first = atomic_load_explicit(&worker->hint, memory_order_relaxed);

	for (size_t i = 0; i < board->max_sessions; i++) {
		size_t at = (first + i) % board->max_sessions;

		if (!take_slot(&board->sessions[at], worker_slot + 1))
			continue;
		atomic_store_explicit(&worker->hint, (uint32_t)at + 1, memory_order_relaxed);
		*ret_slot = (uint32_t)at;
		return 0;
	}
	return -ENOSPC;
}

int scoreboard_open(struct scoreboard *board, uint32_t worker_slot, uint32_t *ret_slot,
		    uint64_t *ret_id)
{
	uint32_t slot;
	int r = find_slot(board, worker_slot, &slot);

	if (r < 0)
		return r;

	uint64_t id = atomic_fetch_add_explicit(&board->last_id, 1, memory_order_relaxed) + 1;

	session_card_clear(&board->cards[slot]);
	scoreboard_set_running(board, slot, false);
	scoreboard_set_transfer_bytes(board, slot, 0);
	atomic_store_explicit(&session_at(board, slot)->id, id, memory_order_release);
	atomic_fetch_add_explicit(&worker_at(board, worker_slot)->sessions, 1,
				  memory_order_relaxed);
	*ret_slot = slot;
	*ret_id = id;
	return 0;
}

void scoreboard_close(struct scoreboard *board, uint32_t slot)
{
	struct session_slot *session = session_at(board, slot);
	uint32_t owner = atomic_load_explicit(&session->owner, memory_order_relaxed);

	assert(owner != 0);

	struct worker_slot *worker = worker_at(board, owner - 1);

	free_slot(session);
	atomic_store_explicit(&worker->hint, slot, memory_order_relaxed);
	atomic_fetch_sub_explicit(&worker->sessions, 1, memory_order_relaxed);
}

void scoreboard_publish(struct scoreboard *board, uint32_t slot, const struct session_view *view)
{
	assert(slot < board->max_sessions);
	session_card_write(&board->cards[slot], &board->rests[slot], view);
	scoreboard_set_running(board, slot, view->is_running);
	scoreboard_set_transfer_bytes(board, slot, view->transfer_bytes);
}

void scoreboard_set_command(struct scoreboard *board, uint32_t slot, const char *line,
			    int64_t wall_ms)
{
	assert(slot < board->max_sessions);
	session_card_set_command(&board->cards[slot], &board->rests[slot], line, wall_ms);
}

void scoreboard_set_running(struct scoreboard *board, uint32_t slot, bool is_running)
{
	atomic_store_explicit(&session_at(board, slot)->is_running, is_running,
			      memory_order_relaxed);
}

void scoreboard_set_transfer_bytes(struct scoreboard *board, uint32_t slot, uint64_t bytes)
{
	atomic_store_explicit(&session_at(board, slot)->transfer_bytes, bytes,
			      memory_order_relaxed);
}

void scoreboard_add_bytes(struct scoreboard *board, uint32_t worker_slot, bool is_inbound,
			  uint64_t bytes)
{
	struct worker_slot *worker = worker_at(board, worker_slot);

	atomic_fetch_add_explicit(is_inbound ? &worker->bytes_in : &worker->bytes_out, bytes,
				  memory_order_relaxed);
}

void scoreboard_get_bytes(const struct scoreboard *board, uint64_t *ret_in, uint64_t *ret_out)
{
	uint64_t in = 0, out = 0;

	for (uint32_t slot = 0; slot < SCOREBOARD_WORKERS; slot++) {
		const struct worker_slot *worker = &board->workers[slot];

		in += atomic_load_explicit(&worker->bytes_in, memory_order_relaxed);
		out += atomic_load_explicit(&worker->bytes_out, memory_order_relaxed);
	}
	*ret_in = in;
	*ret_out = out;
}

bool scoreboard_get_session(const struct scoreboard *board, uint32_t slot, struct session_view *ret)
{
	struct session_view view;

	assert(slot < board->max_sessions);

	const struct session_slot *session = &board->sessions[slot];
	uint64_t id = atomic_load_explicit(&session->id, memory_order_acquire);
	uint32_t owner = atomic_load_explicit(&session->owner, memory_order_acquire);

	if (id == 0 || owner == 0 ||
	    !session_card_read(&board->cards[slot], &board->rests[slot], &view))
		return false;
	view.is_running = atomic_load_explicit(&session->is_running, memory_order_relaxed) != 0;
	view.transfer_bytes = atomic_load_explicit(&session->transfer_bytes, memory_order_relaxed);
	/* The slot has changed hands meanwhile: that session has ended. */
	if (atomic_load_explicit(&session->id, memory_order_acquire) != id)
		return false;
	view.id = id;
	view.worker_slot = owner - 1;
	*ret = view;
	return true;
}

void scoreboard_get_server(const struct scoreboard *board, struct server_view *ret)
{
	struct server_view view;

	if (!seqlock_read(&board->server_lock, board->server, &view, sizeof(view)))
		view = (struct server_view){ 0 };
	*ret = view;
}

void scoreboard_get_worker(const struct scoreboard *board, uint32_t worker_slot,
			   struct worker_view *ret)
{
	struct worker_view view;

	assert(worker_slot < SCOREBOARD_WORKERS);

	const struct worker_slot *worker = &board->workers[worker_slot];

	if (!seqlock_read(&worker->lock, worker->view, &view, sizeof(view)))
		view = (struct worker_view){ 0 };
	view.sessions = atomic_load_explicit(&worker->sessions, memory_order_relaxed);
	view.threads = atomic_load_explicit(&worker->threads, memory_order_relaxed);
	view.memory_bytes = atomic_load_explicit(&worker->memory_bytes, memory_order_relaxed);
	*ret = view;
}
