# Perl's Net::FTP, and Net::FTPSSL when called with that name; see README.md for the steps.

use strict;
use warnings;
use Fcntl qw(SEEK_SET);

binmode STDOUT;
my ($mode, $is_active) = @ENV{qw(FTP_MODE FTP_ACTIVE)};

sub net_ftp {
	require Net::FTP;
	my %tls = (SSL_ca_file => $ENV{FTP_CA}, SSL_verify_mode => 1);
	my $ftp = Net::FTP->new($ENV{FTP_HOST}, Port => $ENV{FTP_PORT}, Passive => !$is_active,
		Timeout => 30, $mode eq 'implicit' ? (SSL => 1) : (), $mode eq 'plain' ? () : %tls)
		or die "connect: $@\n";
	if ($mode eq 'explicit') {
		$ftp->starttls or die 'AUTH TLS: ', $ftp->message;
	}
	$ftp->login($ENV{FTP_USER}, $ENV{FTP_PASSWORD}) or die 'login: ', $ftp->message;
	if ($mode eq 'implicit') {
		$ftp->prot('P') or die 'PROT P: ', $ftp->message;
	}
	$ftp->binary or die $ftp->message;
	return $ftp;
}

sub net_ftpssl {
	require Net::FTPSSL;
	my $ftp = Net::FTPSSL->new($ENV{FTP_HOST}, Port => $ENV{FTP_PORT}, Timeout => 30,
		Encryption => $mode eq 'implicit' ? 'I' : 'E', Croak => 0, ReuseSession => 1,
		SSL_Client_Certificate => { SSL_ca_file => $ENV{FTP_CA}, SSL_verify_mode => 1,
			SSL_verifycn_scheme => 'ftp', SSL_verifycn_name => $ENV{FTP_HOST},
			SSL_version => 'SSLv23:!SSLv2:!SSLv3' })
		or die "connect failed\n";
	$ftp->login($ENV{FTP_USER}, $ENV{FTP_PASSWORD}) or die 'login: ', $ftp->last_message, "\n";
	$ftp->binary;
	return $ftp;
}

# NLST and LIST, which must agree in number: the library leaves the lines of LIST to its caller.
sub names {
	my ($ftp, $path) = @_;
	my ($nlst, $list) = $ftp->isa('Net::FTP') ? qw(ls dir) : qw(nlst list);
	my @names = map { s{.*/}{}r } $ftp->$nlst($path);
	my @lines = grep { !/^total / } $ftp->$list($path);
	@names == @lines or die "NLST names @{[scalar @names]}, LIST @{[scalar @lines]}\n";
	print "name $_\n" for @names;
	return 1;
}

# The library sends REST, and leaves it to us to stand at the same place of the local file.
sub put_rest {
	my ($ftp, $local, $remote) = @_;
	my $there = $ftp->size($remote);
	open my $file, '<:raw', $local or die "$local: $!\n";
	sysseek $file, $there, SEEK_SET or die "$local: $!\n";
	return $ftp->append($file, $remote) if $ftp->isa('Net::FTP');
	return $ftp->restart($there) && $ftp->put($file, $remote);
}

sub get_rest {
	my ($ftp, $remote, $local) = @_;
	return $ftp->get($remote, $local, -s $local) if $ftp->isa('Net::FTP');
	open my $file, '+<:raw', $local or die "$local: $!\n";
	seek $file, 0, 2;
	return $ftp->get($remote, $file, -s $local);
}

my $ftp = ($ARGV[0] // '') eq 'Net::FTPSSL' ? net_ftpssl() : net_ftp();
my %steps = (
	mkdir  => sub { $ftp->mkdir($_[0]) },
	rmdir  => sub { $ftp->rmdir($_[0]) },
	delete => sub { $ftp->delete($_[0]) },
	rename => sub { $ftp->rename($_[0], $_[1]) },
	put    => sub { $ftp->put($_[0], $_[1]) },
	get    => sub { $ftp->get($_[0], $_[1]) },
	reput  => sub { put_rest($ftp, @_) },
	reget  => sub { get_rest($ftp, @_) },
	names  => sub { names($ftp, @_) },
);
while (my $line = <STDIN>) {
	chomp $line;
	my ($step, @words) = split /\t/, $line;
	$steps{$step}->(@words)
		or die "$line: ", $ftp->can('message') ? $ftp->message : $ftp->last_message, "\n";
}
$ftp->quit;
