import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.function.BiPredicate;
import java.util.function.IntFunction;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Http2Client URL: as go/http2-client, by java.net.http, which shows no trailers. In clear it offers
 * `Upgrade: h2c`, which a sidecar does not take: then it speaks HTTP/1.1.
 */
class Http2Client {
  static final int LARGE_BYTES = 3 << 20;
  static final int PARALLEL = 32;
  static final int SHIFT_REQUESTS = 600;
  static final int SHIFT_STREAMS = 8;

  static HttpClient client;
  static String base;

  public static void main(String[] args) throws Exception {
    base = args[0];
    var builder = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2);
    var roots = System.getenv("CA_FILE");
    if (roots != null) builder.sslContext(trusting(roots));
    client = builder.build();
    show("get", () -> text(send(get("/hello"))));
    show("post", () -> text(send(post("a small body".getBytes()))));
    show("large", Http2Client::large);
    show("error", () -> text(send(get("/teapot"))));
    show("parallel", () -> many(PARALLEL, PARALLEL, number -> "/number/" + number,
        (number, text) -> text.substring(2).equals("200 " + number + "\n")));
    show("shift", () -> many(SHIFT_REQUESTS, SHIFT_STREAMS, number -> "/version",
        (number, text) -> text.substring(2).matches("200 v[12]")));
    System.exit(0);
  }

  static void show(String name, Callable<String> attempt) {
    try {
      System.out.println(name + ": " + attempt.call());
    } catch (Exception error) {
      System.out.println(name + ": failed: " + error);
    }
  }

  static String large() throws Exception {
    var sent = new byte[LARGE_BYTES];
    for (var at = 0; at < sent.length; at += 1) sent[at] = (byte) ((at * 31) ^ (at >> 8));
    var response = send(post(sent));
    var same = Arrays.equals(sent, response.body());
    return version(response) + " " + response.statusCode() + " same: " + same;
  }

  static String many(
      int count, int streams, IntFunction<String> path, BiPredicate<Integer, String> isRight)
      throws Exception {
    var free = new Semaphore(streams);
    var answers = new ArrayList<CompletableFuture<String>>();
    for (var number = 0; number < count; number += 1) {
      free.acquire();
      answers.add(client.sendAsync(get(path.apply(number)), BodyHandlers.ofByteArray())
          .thenApply(Http2Client::text)
          .exceptionally(String::valueOf)
          .whenComplete((text, error) -> free.release()));
    }
    List<String> wrong = new ArrayList<>();
    for (var number = 0; number < count; number += 1) {
      var text = answers.get(number).get();
      if (!isRight.test(number, text)) wrong.add(number + " " + text);
    }
    if (wrong.isEmpty()) return count + " right";
    return wrong.size() + " wrong, one of them: " + wrong.get(0);
  }

  static HttpRequest get(String path) {
    return to(path).build();
  }

  static HttpRequest post(byte[] body) {
    return to("/echo").POST(BodyPublishers.ofByteArray(body)).build();
  }

  static HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(URI.create(base + path)).timeout(Duration.ofSeconds(30));
  }

  static HttpResponse<byte[]> send(HttpRequest request) throws Exception {
    return client.send(request, BodyHandlers.ofByteArray());
  }

  static String text(HttpResponse<byte[]> response) {
    var body = new String(response.body(), StandardCharsets.UTF_8);
    return version(response) + " " + response.statusCode() + " " + body;
  }

  static String version(HttpResponse<?> response) {
    return response.version() == HttpClient.Version.HTTP_2 ? "2" : "1";
  }

  static SSLContext trusting(String file) throws Exception {
    var store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (var stream = new FileInputStream(file)) {
      var root = CertificateFactory.getInstance("X.509").generateCertificate(stream);
      store.setCertificateEntry("root", root);
    }
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    var context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }
}
