import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Client BYTES COUNT URL...: as client.py, by java.net.http. */
class Client {
  public static void main(String[] args) {
    var size = Integer.parseInt(args[0]);
    for (var place = 2; place < args.length; place += 1) {
      var request = HttpRequest.newBuilder(URI.create(args[place])).timeout(Duration.ofSeconds(30));
      if (size > 0) request.POST(HttpRequest.BodyPublishers.ofByteArray(new byte[size]));
      for (var sent = 0; sent < Integer.parseInt(args[1]); sent += 1) {
        System.out.println(status(request.build()));
      }
    }
  }

  /** Each on a connection of its own. */
  private static String status(HttpRequest request) {
    var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    try {
      return String.valueOf(client.send(request, BodyHandlers.discarding()).statusCode());
    } catch (Exception error) {
      return String.valueOf(error).replace("\n", " ");
    }
  }
}
