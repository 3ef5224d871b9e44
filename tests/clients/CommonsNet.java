/* Apache commons-net; see README.md for the steps. A JRE launches this source file as it is. */

import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.apache.commons.net.ftp.FTP;
import org.apache.commons.net.ftp.FTPClient;
import org.apache.commons.net.ftp.FTPFile;
import org.apache.commons.net.ftp.FTPReply;
import org.apache.commons.net.ftp.FTPSClient;

class CommonsNet {
	private static final String MODE = System.getenv("FTP_MODE");

	private static SSLContext trust() throws Exception {
		KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
		store.load(null, null);
		try (InputStream file = new FileInputStream(System.getenv("FTP_CA"))) {
			store.setCertificateEntry("ca",
				CertificateFactory.getInstance("X.509").generateCertificate(file));
		}
		TrustManagerFactory managers =
			TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
		managers.init(store);
		SSLContext context = SSLContext.getInstance("TLS");
		context.init(null, managers.getTrustManagers(), null);
		return context;
	}

	private static FTPClient client() throws Exception {
		if (MODE.equals("plain"))
			return new FTPClient();
		FTPSClient ftps = new FTPSClient(MODE.equals("implicit"), trust());
		ftps.setEndpointCheckingEnabled(true);
		return ftps;
	}

	private static FTPClient open() throws Exception {
		FTPClient ftp = client();
		ftp.setControlEncoding("UTF-8");
		ftp.setDefaultTimeout(30000);
		ftp.connect(System.getenv("FTP_HOST"), Integer.parseInt(System.getenv("FTP_PORT")));
		check(FTPReply.isPositiveCompletion(ftp.getReplyCode()), ftp, "greeting");
		check(ftp.login(System.getenv("FTP_USER"), System.getenv("FTP_PASSWORD")), ftp, "login");
		if (ftp instanceof FTPSClient) {
			((FTPSClient)ftp).execPBSZ(0);
			((FTPSClient)ftp).execPROT("P");
		}
		check(ftp.setFileType(FTP.BINARY_FILE_TYPE), ftp, "TYPE I");
		if (System.getenv("FTP_ACTIVE").equals("1"))
			ftp.enterLocalActiveMode();
		else
			ftp.enterLocalPassiveMode();
		return ftp;
	}

	private static void check(boolean worked, FTPClient ftp, String step) throws IOException {
		if (!worked)
			throw new IOException(step + ": " + ftp.getReplyString());
	}

	private static boolean put(FTPClient ftp, String local, String path, long from) throws IOException {
		try (InputStream file = new FileInputStream(local)) {
			file.skipNBytes(from);
			ftp.setRestartOffset(from);
			return ftp.storeFile(path, file);
		}
	}

	private static boolean get(FTPClient ftp, String path, String local, boolean resume)
			throws IOException {
		try (OutputStream file = new FileOutputStream(local, resume)) {
			ftp.setRestartOffset(resume ? new File(local).length() : 0);
			return ftp.retrieveFile(path, file);
		}
	}

	private static List<String> sorted(FTPFile[] files) {
		return Arrays.stream(files).map(FTPFile::getName).sorted().collect(Collectors.toList());
	}

	/* Three ways to list, which must agree. */
	private static boolean names(FTPClient ftp, String path) throws IOException {
		List<String> plain = Arrays.stream(ftp.listNames(path))
			.map(name -> Path.of(name).getFileName().toString()).sorted()
			.collect(Collectors.toList());
		List<String> parsed = sorted(ftp.listFiles(path));
		List<String> machine = sorted(ftp.mlistDir(path,
			file -> file != null && !file.getName().equals(".") && !file.getName().equals("..")));
		if (!plain.equals(parsed) || !plain.equals(machine))
			throw new IOException("NLST, LIST and MLSD differ: " + plain + parsed + machine);
		PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
		plain.forEach(name -> out.println("name " + name));
		return true;
	}

	private static boolean step(FTPClient ftp, String[] words) throws IOException {
		switch (words[0]) {
		case "mkdir":
			return ftp.makeDirectory(words[1]);
		case "rmdir":
			return ftp.removeDirectory(words[1]);
		case "delete":
			return ftp.deleteFile(words[1]);
		case "rename":
			return ftp.rename(words[1], words[2]);
		case "put":
			return put(ftp, words[1], words[2], 0);
		case "get":
			return get(ftp, words[1], words[2], false);
		case "reput":
			return put(ftp, words[1], words[2], Long.parseLong(ftp.getSize(words[2])));
		case "reget":
			return get(ftp, words[1], words[2], true);
		case "names":
			return names(ftp, words[1]);
		default:
			return false;
		}
	}

	public static void main(String[] arguments) throws Exception {
		FTPClient ftp = open();
		BufferedReader lines = new BufferedReader(
			new InputStreamReader(System.in, StandardCharsets.UTF_8));
		for (String line = lines.readLine(); line != null; line = lines.readLine())
			check(step(ftp, line.split("\t")), ftp, line);
		ftp.logout();
		ftp.disconnect();
	}
}
