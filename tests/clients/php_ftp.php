<?php
// PHP's ftp extension; see README.md for the steps. It has no implicit TLS and verifies no certificate.

set_error_handler(function ($kind, $text) {
	throw new ErrorException($text);
});

function connect()
{
	$open = getenv('FTP_MODE') === 'plain' ? 'ftp_connect' : 'ftp_ssl_connect';
	$ftp = $open(getenv('FTP_HOST'), (int)getenv('FTP_PORT'), 30);
	ftp_login($ftp, getenv('FTP_USER'), getenv('FTP_PASSWORD'));
	ftp_pasv($ftp, getenv('FTP_ACTIVE') !== '1');
	return $ftp;
}

// Three ways to list, which must agree.
function names($ftp, $path)
{
	$names = array_map('basename', ftp_nlist($ftp, $path));
	$facts = array_filter(ftp_mlsd($ftp, $path), fn($entry) => in_array($entry['type'], ['file', 'dir']));
	$lines = array_filter(ftp_rawlist($ftp, $path), fn($line) => !str_starts_with($line, 'total '));
	sort($names);
	$machine = array_column($facts, 'name');
	sort($machine);
	if ($names !== $machine || count($names) !== count($lines)) {
		throw new Exception('NLST, MLSD and LIST differ');
	}
	foreach ($names as $name) {
		echo "name $name\n";
	}
	return true;
}

$ftp = connect();
$steps = [
	'mkdir' => fn($path) => ftp_mkdir($ftp, $path) !== false,
	'rmdir' => fn($path) => ftp_rmdir($ftp, $path),
	'delete' => fn($path) => ftp_delete($ftp, $path),
	'rename' => fn($from, $to) => ftp_rename($ftp, $from, $to),
	'put' => fn($local, $path) => ftp_put($ftp, $path, $local),
	'get' => fn($path, $local) => ftp_get($ftp, $local, $path),
	'reput' => fn($local, $path) => ftp_put($ftp, $path, $local, FTP_BINARY, ftp_size($ftp, $path)),
	'reget' => fn($path, $local) => ftp_get($ftp, $local, $path, FTP_BINARY, filesize($local)),
	'names' => fn($path) => names($ftp, $path),
];
while (($line = fgets(STDIN)) !== false) {
	$words = explode("\t", rtrim($line, "\n"));
	$step = array_shift($words);
	if (!$steps[$step](...$words)) {
		throw new Exception("$line failed");
	}
}
ftp_close($ftp);
