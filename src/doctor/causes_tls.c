/* doctor/causes_tls.c - causes in the TLS handshake of the command connection and its certificate;
 * see cause.h. Alert numbers: RFC 8446 6.2. */
#include <openssl/x509_vfy.h>

#include "doctor/cause.h"

enum {
	ALERT_HANDSHAKE_FAILURE = 40,
	ALERT_BAD_CERTIFICATE = 42,
	ALERT_CERTIFICATE_UNKNOWN = 46,
	ALERT_ILLEGAL_PARAMETER = 47,
	ALERT_UNKNOWN_CA = 48,
	ALERT_PROTOCOL_VERSION = 70,
	ALERT_INSUFFICIENT_SECURITY = 71,
	ALERT_UNRECOGNIZED_NAME = 112,
	ALERT_CERTIFICATE_REQUIRED = 116,
};

static bool has_failed(const struct handshake *handshake)
{
	return handshake && handshake->outcome != NET_OK && handshake->outcome != NET_UNTRIED &&
	       handshake->outcome != NET_SKIPPED;
}

/* Whoever asked for no TLS has no trouble with it. */
static bool is_wanted(const struct evidence *evidence)
{
	return evidence->target.given_mode != MODE_PLAIN;
}

/* Handshakes that were made to learn more are no failures of their own. */
static bool is_repeated(const struct control *control)
{
	return control->purpose == PURPOSE_OLDER_TLS || control->purpose == PURPOSE_NO_NAME;
}

/* The first that failed, of the login or of a look; an implicit port's is in its control too. */
static const struct control *failed_control(const struct evidence *evidence)
{
	for (size_t i = 0; is_wanted(evidence) && i < evidence->n_controls; i++) {
		const struct control *control = &evidence->controls[i];

		if (is_repeated(control) || !has_failed(&control->handshake))
			continue;
		/* An alert, or no common ground; clear text behind an implicit door is another
		 * matter (D-16). */
		if (control->handshake.outcome != NET_GARBAGE || control->handshake.alert != 0 ||
		    control->mode != MODE_IMPLICIT)
			return control;
	}
	return NULL;
}

static const struct control *older_control(const struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->n_controls; i++)
		if (evidence->controls[i].purpose == PURPOSE_OLDER_TLS &&
		    evidence->controls[i].handshake.outcome == NET_OK)
			return &evidence->controls[i];
	return NULL;
}

static bool is_old(const char *version)
{
	return *version && strcmp(version, "TLSv1.2") != 0 && strcmp(version, "TLSv1.3") != 0;
}

static bool has_reply_under_tls(const struct control *control)
{
	for (size_t i = 0; i < control->n_exchanges; i++)
		if (control->exchanges[i].is_tls && control->exchanges[i].reply.outcome == NET_OK)
			return true;
	return control->login == LOGIN_OK;
}

static bool wants_client_certificate(const struct evidence *evidence, struct finding *finding)
{
	for (size_t i = 0; is_wanted(evidence) && i < evidence->n_controls; i++) {
		const struct control *control = &evidence->controls[i];
		const struct handshake *handshake = &control->handshake;
		unsigned alert = handshake->alert;
		bool is_of_certificates =
			(alert >= ALERT_BAD_CERTIFICATE && alert <= ALERT_CERTIFICATE_UNKNOWN) ||
			alert == ALERT_UNKNOWN_CA || alert == ALERT_HANDSHAKE_FAILURE;
		bool is_refused = alert == ALERT_CERTIFICATE_REQUIRED ||
				  (handshake->wants_client_certificate &&
				   (has_failed(handshake) || is_of_certificates));
		/* With TLS 1.3 the refusal comes behind the handshake, instead of any reply. */
		bool was_left = handshake->wants_client_certificate &&
				!has_reply_under_tls(control) && control->ending != NET_OK &&
				control->ending != NET_UNTRIED && control->ending != NET_SKIPPED;
		bool is_early =
			control->purpose == PURPOSE_LOOK || control->purpose == PURPOSE_MAIN;

		if (!is_early || (!is_refused && !was_left))
			continue;
		fact_address(finding, &control->attempt.peer);
		if (alert)
			fact_number(finding, "alert", alert);
		return true;
	}
	return false;
}

static bool no_common_version(const struct evidence *evidence, struct finding *finding)
{
	const struct control *failed = failed_control(evidence), *older = older_control(evidence);

	if (!failed || (failed->handshake.alert != ALERT_PROTOCOL_VERSION &&
			!(older && is_old(older->handshake.version))))
		return false;
	fact_address(finding, &failed->attempt.peer);
	if (failed->handshake.alert)
		fact_number(finding, "alert", failed->handshake.alert);
	if (older && is_old(older->handshake.version)) {
		fact_text(finding, "version", older->handshake.version);
		finding_add(finding, "With %s, which nobody should use any more, it works.",
			    older->handshake.version);
	}
	return true;
}

/* Small transfers pass and a large one stands still: it is not the version. */
static bool large_one_is_stuck(const struct evidence *evidence)
{
	const unsigned large = BIT(OPERATION_LARGE_UPLOAD) | BIT(OPERATION_LARGE_DOWNLOAD);
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, (struct wanted){ .operations = large }, &at)))
		if (transfer->result == TRANSFER_STALLED || upload_is_stuck(transfer))
			return true;
	return false;
}

static bool box_dislikes_tls_1_3(const struct evidence *evidence, struct finding *finding)
{
	const struct control *failed = failed_control(evidence), *older = older_control(evidence);

	if (!failed || !older || strcmp(older->handshake.version, "TLSv1.2") != 0 ||
	    strcmp(older->handshake.maximum, "TLSv1.2") != 0)
		return false;
	if (failed->handshake.outcome == NET_TIMED_OUT) {
		if (large_one_is_stuck(evidence))
			return false;
		finding->confidence = 65;
		finding_add(finding, "Handshakes of TLS 1.3 are larger: it may be their size as "
				     "well (D-79).");
	}
	fact_address(finding, &failed->attempt.peer);
	fact_text(finding, "version", "TLSv1.2");
	fact_text(finding, "ending",
		  failed->handshake.outcome == NET_TIMED_OUT ? "silence"
		  : failed->handshake.outcome == NET_RESET   ? "reset"
							     : "refused");
	if (failed->handshake.alert)
		fact_number(finding, "alert", failed->handshake.alert);
	return true;
}

static bool no_common_cipher(const struct evidence *evidence, struct finding *finding)
{
	const struct control *failed = failed_control(evidence), *older = older_control(evidence);
	unsigned alert = failed ? failed->handshake.alert : 0;

	if (alert != ALERT_HANDSHAKE_FAILURE && alert != ALERT_ILLEGAL_PARAMETER &&
	    alert != ALERT_INSUFFICIENT_SECURITY)
		return false;
	fact_address(finding, &failed->attempt.peer);
	fact_number(finding, "alert", alert);
	if (older) {
		fact_text(finding, "cipher", older->handshake.cipher);
		finding_add(finding, "With everything that there ever was it takes %s.",
			    older->handshake.cipher);
	}
	return true;
}

static bool handshake_stalls(const struct evidence *evidence, struct finding *finding)
{
	const struct control *failed = failed_control(evidence);

	if (!failed || failed->handshake.outcome != NET_TIMED_OUT ||
	    (older_control(evidence) && !large_one_is_stuck(evidence)))
		return false;
	fact_address(finding, &failed->attempt.peer);
	fact_number(finding, "bytes", (int64_t)failed->handshake.received_bytes);
	fact_text(finding, "where", "handshake");
	if (failed->attempt.mss)
		fact_number(finding, "mss", failed->attempt.mss);
	finding_add(finding,
		    "The TLS handshake stands still: %llu bytes of the server's certificate came.",
		    (unsigned long long)failed->handshake.received_bytes);
	return true;
}

/* --- certificates ----------------------------------------------------------------------------- */

static bool is_faultless(const struct handshake *handshake)
{
	return handshake->verify_error == 0 && handshake->name_matches && !handshake->is_unordered;
}

/* Behind another door than that of the login. One for another name at another address is D-03. */
static const struct handshake *other_fault(const struct evidence *evidence,
					   const struct address **peer)
{
	for (size_t i = 0; i < evidence->n_controls; i++) {
		const struct control *control = &evidence->controls[i];
		const struct handshake *handshake = &control->handshake;

		if (control->purpose != PURPOSE_LOOK || handshake->outcome != NET_OK ||
		    handshake->n_chain == 0 || is_faultless(handshake))
			continue;
		*peer = &control->attempt.peer;
		return handshake;
	}
	return NULL;
}

static const struct handshake *shown_certificate(const struct evidence *evidence,
						 struct finding *finding)
{
	const struct address *peer = NULL, *main = NULL;
	const struct handshake *handshake = main_handshake(evidence, &main), *other;

	/* The door of the login is what counts, or that which was looked at. */
	if (!is_wanted(evidence) || !handshake || handshake->n_chain == 0)
		return NULL;
	peer = main;
	other = is_faultless(handshake) ? other_fault(evidence, &peer) : NULL;
	if (other) {
		handshake = other;
		/* Another address is met by whoever uses the name, another port on purpose only. */
		if (address_same_host(peer, main))
			finding->severity = SEVERITY_WARNING;
		else
			finding_add(finding, "Another address of the name shows a good one.");
	}
	fact_address(finding, peer);
	fact_text(finding, "certificate",
		  *handshake->chain[0].common_name ? handshake->chain[0].common_name
						   : handshake->chain[0].names);
	return handshake;
}

static void withdraw(struct finding *finding)
{
	finding->n_facts = 0;
	finding->explanation[0] = '\0';
}

static bool has_date_trouble(const struct evidence *evidence, struct finding *finding)
{
	const struct handshake *handshake = shown_certificate(evidence, finding);
	int error = handshake ? handshake->verify_error : 0;
	char when[CLOCK_ISO_SIZE];

	if (error != X509_V_ERR_CERT_HAS_EXPIRED && error != X509_V_ERR_CERT_NOT_YET_VALID) {
		withdraw(finding);
		return false;
	}
	const struct certificate *leaf = &handshake->chain[0];
	bool has_expired = error == X509_V_ERR_CERT_HAS_EXPIRED;
	int64_t date_s = has_expired ? leaf->not_after_s : leaf->not_before_s;
	clock_format_iso(date_s * 1000, when);
	fact_text(finding, has_expired ? "expired" : "valid_from", when);
	finding_add(finding, has_expired ? "It expired on %.10s." : "It is valid from %.10s on.",
		    when);
	if (evidence->knows_clock && llabs(evidence->clock_offset_s) > 24 * 3600) {
		fact_number(finding, "clock_seconds", evidence->clock_offset_s);
		finding_advise(finding, WHO_YOU,
			       "Set this machine's clock: it differs from the server's by "
			       "{clock_seconds} s. Then try again.");
	}
	return true;
}

static bool is_self_signed(const struct evidence *evidence, struct finding *finding)
{
	const struct handshake *handshake = shown_certificate(evidence, finding);

	if (!handshake || (handshake->verify_error != X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT &&
			   !(handshake->verify_error != 0 && handshake->chain[0].is_self_signed &&
			     handshake->verify_error != X509_V_ERR_CERT_HAS_EXPIRED))) {
		withdraw(finding);
		return false;
	}
	fact_text(finding, "fingerprint", handshake->chain[0].fingerprint);
	return true;
}

static bool is_untrusted(const struct handshake *handshake)
{
	int error = handshake ? handshake->verify_error : 0;

	return error != 0 && error != X509_V_ERR_CERT_HAS_EXPIRED &&
	       error != X509_V_ERR_CERT_NOT_YET_VALID && !handshake->chain[0].is_self_signed;
}

/* An authority sent its own certificate with the leaf, and still nobody here knows it: what is
 * missing then is trust. */
static bool ends_at_authority(const struct handshake *handshake)
{
	return handshake->n_chain > 1 ||
	       handshake->verify_error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN;
}

static bool chain_is_incomplete(const struct evidence *evidence, struct finding *finding)
{
	const struct handshake *handshake = shown_certificate(evidence, finding);

	if (handshake && handshake->is_unordered && handshake->verify_error == 0) {
		fact_text(finding, "order", "wrong");
		finding_add(finding, "The certificates are all there, in the wrong order: strict "
				     "clients see a gap.");
		finding_advise(finding, WHO_SERVER,
			       "Put the chain file in order: the server's certificate first, each "
			       "followed by the one that signed it.");
		return true;
	}
	if (!is_untrusted(handshake) || !handshake->is_incomplete ||
	    (ends_at_authority(handshake) &&
	     !*handshake->chain[handshake->n_chain - 1].issuer_url)) {
		withdraw(finding);
		return false;
	}
	fact_text(finding, "missing", handshake->missing_issuer);
	if (*handshake->missing_issuer)
		finding_add(finding, "The one that signed it, {missing}, is not sent with it.");
	const char *url = handshake->chain[handshake->n_chain - 1].issuer_url;
	if (*url) {
		fact_text(finding, "url", url);
		finding->confidence = 90;
	}
	return true;
}

static bool is_of_unknown_authority(const struct evidence *evidence, struct finding *finding)
{
	const struct handshake *handshake = shown_certificate(evidence, finding);

	if (!is_untrusted(handshake)) {
		withdraw(finding);
		return false;
	}
	const struct certificate *top = &handshake->chain[handshake->n_chain - 1];
	fact_text(finding, "issuer", handshake->chain[0].issuer_name);
	fact_text(finding, "authority",
		  *handshake->missing_issuer ? handshake->missing_issuer : top->issuer_name);
	fact_text(finding, "fingerprint", handshake->chain[0].fingerprint);
	finding_add(finding, "OpenSSL says: %s.", handshake->verify_text);
	return true;
}

static bool is_for_another_name(const struct evidence *evidence, struct finding *finding)
{
	const struct handshake *handshake = shown_certificate(evidence, finding);

	if (!handshake || handshake->outcome != NET_OK || handshake->name_matches) {
		withdraw(finding);
		return false;
	}
	fact_text(finding, "host", evidence->target.host);
	fact_text(finding, "names", handshake->chain[0].names);
	if (evidence->target.is_address)
		finding_advise(finding, WHO_YOU,
			       "Connect to the name of the server instead of its address: the "
			       "certificate is for {names}.");
	return true;
}

static bool keys_are_weak(const struct certificate *leaf)
{
	return strcmp(leaf->key_type, "RSA") == 0 && leaf->key_bits > 0 && leaf->key_bits < 2048;
}

static bool clients_dislike_the_key(const struct evidence *evidence, struct finding *finding)
{
	const struct handshake *handshake = shown_certificate(evidence, finding);
	const struct certificate *leaf = handshake ? &handshake->chain[0] : NULL;

	if (!leaf || !(keys_are_weak(leaf) || text_has_word(leaf->signature, "md5|sha1With"))) {
		withdraw(finding);
		return false;
	}
	fact_number(finding, "bits", leaf->key_bits);
	fact_text(finding, "signature", leaf->signature);
	finding_add(finding,
		    "Its certificate has a key of %u bits, signed with %s: clients of today refuse "
		    "that.",
		    leaf->key_bits, leaf->signature);
	finding_advise(finding, WHO_SERVER,
		       "Install a certificate with an EC key or RSA of 2048 bits or more, signed "
		       "with SHA-256.");
	finding->severity = SEVERITY_WARNING;
	return true;
}

/* --- the name that we send -------------------------------------------------------------------- */

static bool name_is_not_known(const struct evidence *evidence, struct finding *finding)
{
	const struct control *failed = failed_control(evidence);

	if (!failed || failed->handshake.alert != ALERT_UNRECOGNIZED_NAME)
		return false;
	fact_address(finding, &failed->attempt.peer);
	fact_number(finding, "alert", ALERT_UNRECOGNIZED_NAME);
	fact_text(finding, "host", evidence->target.host);
	const struct control *nameless = evidence_control(evidence, PURPOSE_NO_NAME);
	if (nameless && nameless->handshake.n_chain > 0) {
		fact_text(finding, "names", nameless->handshake.chain[0].names);
		finding_add(finding, "To clients that send no name it shows a certificate for "
				     "{names}.");
	}
	return true;
}

static bool default_is_for_another_name(const struct evidence *evidence, struct finding *finding)
{
	const struct address *peer = NULL;
	const struct handshake *shown = main_handshake(evidence, &peer);
	const struct control *nameless = evidence_control(evidence, PURPOSE_NO_NAME);
	const struct handshake *other = nameless ? &nameless->handshake : NULL;

	if (!is_wanted(evidence) || !shown || !shown->name_matches || !other ||
	    other->outcome != NET_OK || other->n_chain == 0 || other->name_matches)
		return false;
	fact_address(finding, &nameless->attempt.peer);
	fact_text(finding, "host", evidence->target.host);
	fact_text(finding, "names", other->chain[0].names);
	return true;
}

static const struct cause rows[] = {
	{ .id = "D-51",
	  .title = "The server has no certificate for the name",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 95,
	  .applies = name_is_not_known,
	  .explanation = "{address}, port {port}, ends the handshake with alert {alert}: it serves "
			 "several names, and {host} is none of them.",
	  .remedy = "Add {host} and its certificate to the server, or connect to one of its "
		    "names.",
	  .explains = "D-43 D-44 D-45 D-19a" },
	{ .id = "D-58b",
	  .title = "The server wants a client certificate",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_YOU,
	  .confidence = 90,
	  .applies = wants_client_certificate,
	  .explanation = "{address}, port {port}, asks for a certificate of the client and ends "
			 "the connection without one.",
	  .remedy = "Install the client certificate that the server's administrator issued for "
		    "you. If there should be none, the administrator turns the demand off.",
	  .explains = "D-44 D-43 D-45 D-79" },
	{ .id = "D-43",
	  .title = "Client and server have no TLS version in common",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 90,
	  .applies = no_common_version,
	  .explanation = "{address}, port {port}, refuses TLS 1.2 and TLS 1.3.",
	  .remedy = "Turn on TLS 1.2 and 1.3 on the server; older versions are broken. A client "
		    "that is the older one of the two has to be updated.",
	  .explains = "D-44 D-45 D-79" },
	{ .id = "D-45",
	  .title = "Something on the way breaks TLS 1.3",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 85,
	  .applies = box_dislikes_tls_1_3,
	  .explanation = "A handshake that offers TLS 1.3 to {address}, port {port}, ends in "
			 "{ending}; with TLS 1.2 at most it works.",
	  .remedy = "Update the firewall that reads TLS, or exempt {address} from it. Until then "
		    "let the client, or the server for this network, use TLS 1.2 at most.",
	  .tells_apart = "From another network TLS 1.3 to this server works if a box on this side "
			 "is the reason.",
	  .explains = "D-44 D-79 D-19a" },
	{ .id = "D-44",
	  .title = "Client and server have no cipher in common",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = no_common_cipher,
	  .explanation = "{address}, port {port}, ends the handshake with alert {alert}: none of "
			 "the ciphers, curves or signatures suits it.",
	  .remedy = "Allow the usual ciphers (ECDHE with AES-GCM or ChaCha20) and a certificate "
		    "with an EC or RSA key on the server, or update the older side." },
	{ .id = "D-79",
	  .title = "Large packets of the TLS handshake vanish on the way (MTU)",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 60,
	  .applies = handshake_stalls,
	  .explanation = "Small packets pass to {address}, port {port}, and large ones do not.",
	  .remedy = "Let ICMP \"fragmentation needed\" pass, or clamp the MSS on the tunnel or "
		    "PPPoE line (for example to 1360).",
	  .tells_apart = "With a smaller MTU on this machine (`ip link set dev eth0 mtu 1280`) it "
			 "works if that is it; else a box swallows the handshake (D-19a).",
	  .explains = "D-34b D-78 D-82b D-45" },
	{ .id = "D-46",
	  .title = "The certificate is not valid at this time",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 95,
	  .applies = has_date_trouble,
	  .explanation = "The certificate {certificate} of {address}, port {port}, is outside of "
			 "its dates.",
	  .remedy = "Renew the certificate {certificate}, and have it renewed by itself (ACME).",
	  .tells_apart = "If other certificates look expired from here too, this machine's clock "
			 "is wrong." },
	{ .id = "D-47",
	  .title = "The certificate is self-signed",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 95,
	  .applies = is_self_signed,
	  .explanation = "The certificate {certificate} of {address}, port {port}, vouches for "
			 "itself: whoever stands between could show another one like it.",
	  .remedy = "Install a certificate of a public authority (ACME makes it free). Until then "
		    "compare the fingerprint {fingerprint} with the administrator's, and trust "
		    "this one only.",
	  .explains = "D-48 D-50" },
	{ .id = "D-48",
	  .title = "The certificate chain is incomplete",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 75,
	  .applies = chain_is_incomplete,
	  .explanation = "{address}, port {port}, shows the certificate {certificate}. Browsers "
			 "mend such a chain, FTP clients do not.",
	  .remedy = "Install the full chain: the certificate of the server followed by the "
		    "intermediate {missing}.",
	  .tells_apart =
		  "If the missing one is an authority of your own organisation, clients have "
		  "to be told to trust it instead (D-50).",
	  .explains = "D-50" },
	{ .id = "D-50",
	  .title = "The certificate is of an authority that is not known here",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_YOU,
	  .confidence = 70,
	  .applies = is_of_unknown_authority,
	  .explanation =
		  "{address}, port {port}, shows {certificate}, signed by {issuer}: either a "
		  "private authority, or a box that takes TLS apart on the way.",
	  .remedy =
		  "Ask the server's administrator for the fingerprint of its certificate. If it is "
		  "{fingerprint}, all is well: have the client trust the certificate of "
		  "{authority} (here: --ca FILE). If it is another one, a box on the way shows "
		  "its own: ask your firewall's administrator to exempt {address} from TLS "
		  "inspection.",
	  .tells_apart = "The fingerprint at the server, or seen from another network." },
	{ .id = "D-49",
	  .title = "The certificate is for another name",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 90,
	  .applies = is_for_another_name,
	  .explanation = "You connected to {host}, and the certificate {certificate} of {address}, "
			 "port {port}, is for {names}.",
	  .remedy = "Connect to a name that the certificate holds ({names}), or have {host} added "
		    "to it.",
	  .tells_apart = "If the certificate is not the server's at all, the name leads to another "
			 "machine (D-03), or a box shows its own (D-50)." },
	{ .id = "D-51",
	  .title = "Clients that send no name (SNI) are shown another certificate",
	  .severity = SEVERITY_REMARK,
	  .who = WHO_SERVER,
	  .confidence = 95,
	  .applies = default_is_for_another_name,
	  .explanation = "Clients that tell {address} the name {host} in their handshake are shown "
			 "its certificate. Those that do not, such as PHP's and some old ones, "
			 "are shown one for {names}, and refuse it.",
	  .remedy = "Make the certificate of {host} the default one if such clients have to "
		    "connect, or update them." },
	{ .id = "D-44",
	  .title = "The certificate's key is too weak for clients of today",
	  .severity = SEVERITY_WARNING,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = clients_dislike_the_key,
	  .explanation = "{address}, port {port}, shows {certificate}.",
	  .remedy = "Install a certificate with a stronger key." },
};

const struct stage stage_tls = { "TLS", rows, ARRAY_SIZE(rows) };
