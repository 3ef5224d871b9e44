/* load/options.h - what the load generator was asked to do; written once, before any thread
 * starts. */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <stdbool.h>

enum tls_mode { TLS_NONE, TLS_EXPLICIT, TLS_IMPLICIT };

/* What happens to downloaded bytes: dropped in the kernel, copied to user space, or compared. */
enum sink { SINK_DROP, SINK_COPY, SINK_CHECK };

struct options {
	const char *host, *user, *pass;
	int port;
	enum tls_mode tls;
	const char *suites, *ciphers; /* of TLS 1.3 and 1.2; NULL: OpenSSL's */
	bool clear_data;	      /* PROT C */
	bool pasv;		      /* instead of EPSV */
	int source_addresses;	      /* spread over this many from 127.1.0.1 on */
	int receive_buffer;	      /* of data connections; 0: the kernel's */

	const char *workload;
	int threads, clients, rounds;
	const char *path, *source, *dest, *folder, *prefix; /* of files and folders to move */
	long size;					    /* expected, or to send; -1: any */
	int small_files;				    /* how many there are in the folder */
	enum sink sink;
	long operations;      /* files, logins, commands: at most this many */
	double seconds;	      /* or until this time is over; 0: no limit */
	const char *commands; /* with commas */
	const char *cwd_path, *size_path;
	int pipeline;
	const char *lists; /* with commas */
	long expected_lines;
	int sample, concurrency; /* idle: NOOPs at the end, logins at the same time */

	const char *cpu_folder; /* of the server's control group */
	int settle_ms;		/* the server gets this long to finish before its CPU is read */
	double timeout_s;
	int limit_s; /* of the whole program */
};

extern struct options options;

/* 0, or -1 after it has said on standard error what is wrong. */
int options_parse(int argc, char **argv);

#endif
