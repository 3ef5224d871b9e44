"""vsftpd, standalone, a local user through PAM, two processes per session (three with TLS)."""

TITLE = "vsftpd"
KIND = "peer"
TLS = ("none", "explicit")
LISTS = ("LIST", "NLST")  # it has no MLSD
PROCESSES_PER_SESSION = 2
SET = ("isolate, isolate_network and seccomp_sandbox off (faster), use_sendfile on, no logs, no limits,"
       " pam_unix with a DES hash; TLS: require_ssl_reuse on, ssl_ciphers HIGH")

PAM = "auth required pam_unix.so nodelay\naccount required pam_unix.so\n"

SETTINGS = {
    "listen": "YES", "background": "NO", "anonymous_enable": "NO", "local_enable": "YES",
    "write_enable": "YES", "chroot_local_user": "YES", "allow_writeable_chroot": "YES",
    "passwd_chroot_enable": "NO", "xferlog_enable": "NO", "syslog_enable": "NO",
    "dual_log_enable": "NO", "log_ftp_protocol": "NO", "tcp_wrappers": "NO", "session_support": "NO",
    "isolate": "NO", "isolate_network": "NO", "seccomp_sandbox": "NO", "max_clients": 0,
    "max_per_ip": 0, "pasv_addr_resolve": "NO", "idle_session_timeout": 3600,
    "data_connection_timeout": 300, "hide_ids": "YES", "text_userdb_names": "NO",
    "check_shell": "NO", "use_sendfile": "YES", "setproctitle_enable": "NO",
    "nopriv_user": "nobody", "delay_failed_login": 0, "delay_successful_login": 0,
    "local_umask": "022", "dirmessage_enable": "NO",
}

SECURE = {
    "ssl_enable": "YES", "force_local_logins_ssl": "YES", "force_local_data_ssl": "YES",
    "ssl_tlsv1": "YES", "ssl_sslv2": "NO", "ssl_sslv3": "NO", "ssl_ciphers": "HIGH",
    "require_ssl_reuse": "YES", "implicit_ssl": "NO",
}


def start(context):
    settings = SETTINGS | {
        "listen_address": context.host, "listen_port": context.port, "local_root": context.root,
        "pasv_min_port": context.passive[0], "pasv_max_port": context.passive[-1],
        "secure_chroot_dir": context.make_folder("empty"), "pam_service_name":
        context.pam_service(PAM)}
    if context.tls != "none":
        settings |= SECURE | {"rsa_cert_file": context.certificate,
                              "rsa_private_key_file": context.key}
    text = "".join(f"{name}={value}\n" for name, value in settings.items())
    return {"command": [context.peer.path("/usr/sbin/vsftpd"), context.write("vsftpd.conf", text)]}
