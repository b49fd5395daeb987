// A chat server with org.java-websocket, in the manner of its ChatServer example: broadcast() of each message.
// Its defaults: connectionLostTimeout 60 s (ping every 60 s), no limit to what waits for a slow client.
import java.net.InetSocketAddress;
import org.java_websocket.WebSocket;
import org.java_websocket.handshake.ClientHandshake;
import org.java_websocket.server.WebSocketServer;

public class Chat extends WebSocketServer {
    Chat(int port) {
        super(new InetSocketAddress("127.0.0.1", port));
    }

    @Override
    public void onOpen(WebSocket conn, ClientHandshake handshake) {
        conn.send("Welcome to the server!");
    }

    @Override
    public void onClose(WebSocket conn, int code, String reason, boolean remote) {
        broadcast(conn + " has left the room!");
    }

    @Override
    public void onMessage(WebSocket conn, String message) {
        broadcast(message);
    }

    @Override
    public void onError(WebSocket conn, Exception error) {
        error.printStackTrace();
    }

    @Override
    public void onStart() {
        System.out.println("Server started!");
    }

    public static void main(String[] args) {
        Chat chat = new Chat(Integer.parseInt(System.getenv("PORT")));
        chat.setReuseAddr(true);
        chat.start();
    }
}
