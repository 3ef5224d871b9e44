/* supervisor/notify.h - tells the service manager how we are: one datagram to $NOTIFY_SOCKET.
 * Nothing happens when the variable is unset. Threads: any. Source: sd_notify(3). */
#ifndef SUPERVISOR_NOTIFY_H
#define SUPERVISOR_NOTIFY_H

#include "base/common.h"

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);

#endif
