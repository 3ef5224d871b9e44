/* doctor/advice.c - see advice.h. */
#include "doctor/advice.h"

#include "doctor/cause.h"

enum firewall_side advice_side(const struct diagnosis *diagnosis)
{
	return diagnosis->n_findings > 0 && diagnosis->findings[0].who == WHO_SERVER
		       ? FIREWALL_SERVER
		       : FIREWALL_CLIENT;
}

static void add_port(struct port_list *list, uint16_t port)
{
	for (unsigned i = 0; i < list->n; i++)
		if (list->ports[i] == port)
			return;
	if (list->n < SETTINGS_MAX_PORTS)
		list->ports[list->n++] = port;
}

static bool is_implicit(const struct door *door)
{
	return door->answer == ANSWER_TLS ||
	       (door->answer != ANSWER_FTP && door->mode == MODE_IMPLICIT);
}

static void add_command_ports(const struct evidence *evidence, struct firewall_needs *needs)
{
	const struct door *usual = main_door(evidence);

	for (size_t i = 0; i < evidence->n_doors; i++) {
		const struct door *door = &evidence->doors[i];

		if (door->is_requested || door_is_good(door))
			add_port(is_implicit(door) ? &needs->implicit_ports
						   : &needs->explicit_ports,
				 door->address.port);
	}
	if (needs->explicit_ports.n + needs->implicit_ports.n == 0)
		add_port(usual && is_implicit(usual) ? &needs->implicit_ports
						     : &needs->explicit_ports,
			 usual ? usual->address.port : 21);
}

static void widen(struct port_range *range, uint16_t port)
{
	if (port == 0)
		return;
	if (range->first == 0)
		*range = (struct port_range){ port, port };
	range->first = MIN_OF(range->first, port);
	range->last = MAX_OF(range->last, port);
}

static bool add_passive_range(const struct evidence *evidence, struct firewall_needs *needs)
{
	const struct other_end *other = &evidence->other_end;
	const struct conditions *conditions = &evidence->conditions;
	const struct transfer *transfer;
	size_t at = 0;

	if (other->is_there && other->passive_first != 0) {
		needs->passive_ports =
			(struct port_range){ other->passive_first, other->passive_last };
		return true;
	}
	if (conditions->promised_first != 0) {
		needs->passive_ports = (struct port_range){ conditions->promised_first,
							    conditions->promised_last };
		return true;
	}
	while ((transfer = find_transfer(evidence, (struct wanted){ .modes = MODES_PASSIVE }, &at)))
		widen(&needs->passive_ports, transfer->announced.port);
	for (size_t i = 0; i < evidence->n_samples; i++)
		widen(&needs->passive_ports, evidence->samples[i].attempt.peer.port);
	return false;
}

bool advice_needs(const struct evidence *evidence, struct firewall_needs *needs)
{
	*needs = (struct firewall_needs){ .active_min_port = 0 };
	(void)snprintf(needs->server_name, sizeof(needs->server_name), "%s",
		       evidence->target.is_address ? "" : evidence->target.host);
	for (size_t i = 0; i < evidence->dns.n_addresses; i++) {
		struct network network = { .prefix_bits = 128 };

		memcpy(network.ip, evidence->dns.addresses[i].ip, sizeof(network.ip));
		(void)firewall_networks_add(&needs->servers, network);
	}
	add_command_ports(evidence, needs);
	return add_passive_range(evidence, needs);
}

/* Better is encrypted, passive, with EPSV, over the family that clients prefer anyway. */
static unsigned worth(const struct cell *cell)
{
	bool works = cell->listing == CELL_OK && cell->upload != CELL_FAILED &&
		     cell->download != CELL_FAILED && cell->large_upload != CELL_FAILED &&
		     cell->large_download != CELL_FAILED;
	unsigned value = 1;

	if (!works)
		return 0;
	value += cell->tls_mode != MODE_PLAIN ? 8 : 0;
	value += cell->mode == DATA_EPSV || cell->mode == DATA_PASV ? 4 : 0;
	value += cell->upload == CELL_OK ? 2 : 0;
	value += cell->tls_mode == MODE_EXPLICIT ? 1 : 0;
	return value;
}

static const char *known_user(const struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->n_controls; i++) {
		const struct exchange *user = control_exchange(&evidence->controls[i], "USER");

		if (user && strlen(user->command) > strlen("USER "))
			return user->command + strlen("USER ");
	}
	return NULL;
}

int advice_settings(const struct evidence *evidence, struct client_settings *ret)
{
	const struct cell *best = NULL;
	const struct door *door = main_door(evidence);
	bool implicit = door && is_implicit(door);

	for (size_t i = 0; i < evidence->n_matrix; i++)
		if (worth(&evidence->matrix[i]) > (best ? worth(best) : 0))
			best = &evidence->matrix[i];
	if (best) {
		client_settings_init(ret, evidence->target.host, best->port,
				     best->tls_mode == MODE_PLAIN      ? CLIENT_PLAIN
				     : best->tls_mode == MODE_IMPLICIT ? CLIENT_IMPLICIT
								       : CLIENT_EXPLICIT);
		ret->is_active = best->mode == DATA_PORT || best->mode == DATA_EPRT;
	} else {
		client_settings_init(ret, evidence->target.host, door ? door->address.port : 21,
				     implicit ? CLIENT_IMPLICIT : CLIENT_EXPLICIT);
	}
	ret->user = known_user(evidence);
	return best ? 0 : -ENOENT;
}
