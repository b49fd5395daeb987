// The client of ezsockets' documentation (module `client`, "Get started") with its default ClientConfig:
// reconnects every 5 s, a heartbeat ping every 5 s, and gives the link up after 10 s without a word.
use async_trait::async_trait;
use ezsockets::ClientConfig;

struct Client {}

#[async_trait]
impl ezsockets::ClientExt for Client {
    type Call = ();

    async fn on_text(&mut self, text: ezsockets::Utf8Bytes) -> Result<(), ezsockets::Error> {
        println!("received message: {text}");
        Ok(())
    }

    async fn on_binary(&mut self, _bytes: ezsockets::Bytes) -> Result<(), ezsockets::Error> {
        Ok(())
    }

    async fn on_call(&mut self, _call: Self::Call) -> Result<(), ezsockets::Error> {
        Ok(())
    }
}

#[tokio::main]
async fn main() {
    let url = std::env::var("TARGET_URL").unwrap();
    let config = ClientConfig::new(url.as_str());
    let (_handle, future) = ezsockets::connect(|_client| Client {}, config).await;
    future.await.unwrap();
}
