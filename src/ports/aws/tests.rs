//! A server of one line each, and a connection to it: for what AWS answers and the servers of the sandbox do not.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};

use super::Aws;

/// A connection to a server that answers each request by its first line with a status and a body, and what it was asked since.
pub(super) async fn answering(retries: RetryConfig, answer: impl Fn(&str) -> (u16, &'static str) + Send + 'static) -> (Aws, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let all = Arc::clone(&asked);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut line = String::new();
            BufReader::new(client.try_clone().unwrap()).read_line(&mut line).unwrap();
            all.lock().unwrap().push(line.trim_end().to_owned());
            let (status, body) = answer(&line);
            let head = format!("HTTP/1.1 {status} x\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = client.write_all(format!("{head}{body}").as_bytes());
        }
    });
    let keys = SharedCredentialsProvider::new(Credentials::new("key", "secret", None, None, "test"));
    let config = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).region(Region::new("eu-west-1")).endpoint_url(url).credentials_provider(keys);
    let aws = Aws::with(config.retry_config(retries).build(), &[]).await;
    asked.lock().unwrap().clear();
    (aws, asked)
}
