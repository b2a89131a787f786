//! Connections to a single server, to a master found by Sentinel, and to a Cluster.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, FromRedisValue, IntoConnectionInfo, Pipeline,
    RedisConnectionInfo, RedisError, RedisResult, TlsCertificates, TlsMode, Value, from_redis_value,
};

use super::settings::{Address, BadSettings, Place, Settings};

/// Where connections come from.
#[derive(Debug)]
pub(super) struct Server {
    address: Address,
    settings: Settings,
    certificates: Option<TlsCertificates>,
}

/// A connection.
#[derive(Clone)]
pub(super) enum Link {
    /// To one server.
    Single(MultiplexedConnection),
    /// To all nodes of a Cluster.
    Cluster(ClusterConnection),
}

/// One of the servers that have keys of their own.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node {
    /// The only one.
    Single,
    /// The master that has this slot.
    Slot(u16),
}

// === impl Server ===

impl Server {
    /// Reads the authorities' file; connects to nothing yet.
    pub(super) fn new(settings: &Settings) -> Result<Self, BadSettings> {
        settings.check()?;
        let address = Address::parse(&settings.url)?;
        let read = |path: &std::path::PathBuf| {
            let bad = |error: std::io::Error| BadSettings::Authorities(path.clone(), error.to_string());
            Ok(TlsCertificates { client_tls: None, root_cert: Some(std::fs::read(path).map_err(bad)?) })
        };
        let certificates = settings.ca_file.as_ref().filter(|_| address.tls).map(read).transpose()?;
        Ok(Self { address, settings: settings.clone(), certificates })
    }

    /// Connects; each command on the connection may take so long.
    pub(super) async fn connect(&self, patience: Duration) -> RedisResult<Link> {
        // Names, several hosts, of which some are silent, and the handshake take their time one after the other.
        let all = self.settings.timeout.saturating_mul(3);
        let connecting = self.connect_patiently(patience);
        tokio::time::timeout(all, connecting).await.unwrap_or_else(|_| Err(timed_out()))
    }

    /// How long one command may take.
    pub(super) fn timeout(&self) -> Duration {
        self.settings.timeout
    }

    async fn connect_patiently(&self, patience: Duration) -> RedisResult<Link> {
        let timeout = self.settings.timeout;
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(timeout)).set_response_timeout(Some(patience));
        let client = match &self.address.place {
            Place::Cluster(nodes) => return self.connect_cluster(nodes, patience).await,
            Place::Sentinel { sentinels, master } => self.find_master(sentinels, master).await?,
            Place::Single(at) => self.client(self.at(at))?,
            Place::Socket(path) => Client::open(self.info(ConnectionAddr::Unix(path.clone()))?)?,
        };
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        // Nothing so far has told whether a password is needed, and whether anyone listens behind the socket.
        redis::cmd("PING").exec_async(&mut connection).await?;
        Ok(Link::Single(connection))
    }

    fn client(&self, address: ConnectionAddr) -> RedisResult<Client> {
        let info = self.info(address)?;
        match &self.certificates {
            Some(certificates) => Client::build_with_tls(info, certificates.clone()),
            None => Client::open(info),
        }
    }

    async fn find_master(&self, sentinels: &[(String, u16)], master: &str) -> RedisResult<Client> {
        let addresses: Vec<_> = sentinels.iter().map(|sentinel| self.at(sentinel)).collect();
        let mut builder = SentinelClientBuilder::new(addresses, master, SentinelServerType::Master)?;
        builder = builder.set_client_to_redis_db(self.address.db);
        if self.address.tls {
            builder =
                builder.set_client_to_redis_tls_mode(TlsMode::Secure).set_client_to_sentinel_tls_mode(TlsMode::Secure);
        }
        if let Some(certificates) = &self.certificates {
            builder = builder
                .set_client_to_redis_certificates(certificates.clone())
                .set_client_to_sentinel_certificates(certificates.clone());
        }
        if let Some(user) = &self.address.user {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = &self.settings.password {
            builder = builder.set_client_to_redis_password(password);
        }
        if let Some(password) = &self.settings.sentinel_password {
            builder = builder.set_client_to_sentinel_password(password);
        }
        builder.build()?.async_get_client().await
    }

    async fn connect_cluster(&self, nodes: &[(String, u16)], patience: Duration) -> RedisResult<Link> {
        let nodes = nodes.iter().map(|node| self.info(self.at(node))).collect::<RedisResult<Vec<_>>>()?;
        let mut builder = ClusterClientBuilder::new(nodes)
            .connection_timeout(self.settings.timeout)
            .response_timeout(patience)
            .retries(4)
            .min_retry_wait(10)
            .max_retry_wait(200);
        if let Some(certificates) = &self.certificates {
            builder = builder.certs(certificates.clone());
        }
        builder.build()?.get_async_connection().await.map(Link::Cluster)
    }

    fn at(&self, (host, port): &(String, u16)) -> ConnectionAddr {
        let (host, port) = (host.clone(), *port);
        match self.address.tls {
            true => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
            false => ConnectionAddr::Tcp(host, port),
        }
    }

    fn info(&self, address: ConnectionAddr) -> RedisResult<ConnectionInfo> {
        let mut redis = RedisConnectionInfo::default().set_db(self.address.db);
        if let Some(user) = &self.address.user {
            redis = redis.set_username(user);
        }
        if let Some(password) = &self.settings.password {
            redis = redis.set_password(password);
        }
        Ok(address.into_connection_info()?.set_redis_settings(redis))
    }
}

// === impl Link ===

impl Link {
    /// Sends a command to where its key is.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        match self {
            Self::Single(connection) => command.query_async(&mut connection.clone()).await,
            Self::Cluster(connection) => command.query_async(&mut connection.clone()).await,
        }
    }

    /// Sends several commands with keys of one slot, and leaves their answers.
    pub(super) async fn ask_all(&self, commands: &Pipeline) -> RedisResult<()> {
        match self {
            Self::Single(connection) => commands.exec_async(&mut connection.clone()).await,
            Self::Cluster(connection) => commands.exec_async(&mut connection.clone()).await,
        }
    }

    /// The servers that have keys of their own.
    pub(super) async fn nodes(&self) -> RedisResult<Vec<Node>> {
        let Self::Cluster(connection) = self else { return Ok(vec![Node::Single]) };
        type Range = (u16, u16, Value);
        let ranges: Vec<Value> = redis::cmd("CLUSTER").arg("SLOTS").query_async(&mut connection.clone()).await?;
        let mut masters: Vec<(Value, Node)> = Vec::new();
        for range in ranges {
            // First and last slot, the master, then replicas.
            let Value::Array(mut parts) = range else { continue };
            parts.truncate(3);
            let (first, _, master): Range = from_redis_value(Value::Array(parts))?;
            if masters.iter().all(|(known, _)| *known != master) {
                masters.push((master, Node::Slot(first)));
            }
        }
        Ok(masters.into_iter().map(|(_, node)| node).collect())
    }

    /// Sends a command without a key to one of them.
    pub(super) async fn ask_node<T: FromRedisValue>(&self, node: Node, command: Cmd) -> RedisResult<T> {
        match (self, node) {
            (Self::Cluster(connection), Node::Slot(slot)) => {
                let route = SingleNodeRoutingInfo::SpecificNode(Route::new(slot, SlotAddr::Master));
                let answer = connection.clone().route_command(command, RoutingInfo::SingleNode(route)).await?;
                Ok(from_redis_value(answer)?)
            }
            _ => self.ask(&command).await,
        }
    }
}

/// No answer in time.
fn timed_out() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}
