# Ruby's net-ftp; see README.md for the steps. It has no implicit TLS.

require "net/ftp"

Encoding.default_external = Encoding::BINARY

def open_session
  ssl = ENV["FTP_MODE"] == "plain" ? false : { ca_file: ENV["FTP_CA"] }
  Net::FTP.new(ENV["FTP_HOST"], port: ENV["FTP_PORT"].to_i, ssl: ssl, username: ENV["FTP_USER"],
               password: ENV["FTP_PASSWORD"], passive: ENV["FTP_ACTIVE"] != "1", open_timeout: 30)
end

# Three ways to list, which must agree.
def names(ftp, path)
  plain = ftp.nlst(path).map { |name| name.split("/").last.b }.sort
  facts = ftp.mlsd(path).select { |entry| %w[file dir].include?(entry.type) }
  lines = ftp.list(path).reject { |line| line.start_with?("total ") }
  raise "NLST and MLSD differ" unless plain == facts.map { |entry| entry.pathname.b }.sort
  raise "NLST and LIST differ" unless plain.length == lines.length

  plain.each { |name| puts "name #{name}" }
end

# The library resumes every transfer while this is on, and none otherwise.
def resuming(ftp)
  ftp.resume = true
  yield
ensure
  ftp.resume = false
end

ftp = open_session
$stdin.each_line(chomp: true) do |line|
  step, one, two = line.split("\t")
  case step
  when "mkdir" then ftp.mkdir(one)
  when "rmdir" then ftp.rmdir(one)
  when "delete" then ftp.delete(one)
  when "rename" then ftp.rename(one, two)
  when "put" then ftp.putbinaryfile(one, two)
  when "get" then ftp.getbinaryfile(one, two)
  when "reput" then resuming(ftp) { ftp.putbinaryfile(one, two) }
  when "reget" then resuming(ftp) { ftp.getbinaryfile(one, two) }
  when "names" then names(ftp, one)
  else raise "unknown step #{step}"
  end
end
ftp.quit
ftp.close
