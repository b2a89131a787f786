//! Wires the services, starts them in order, and ends the process when the last answer has been given.

mod client;
mod front;
mod life;
mod log;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use pingora::apps::HttpServerOptions;
use pingora::listeners::{L4BufferSettings, ListenerConfig};
use pingora::server::configuration::ServerConf;
use pingora::server::{RunArgs, Server, ShutdownWatch};
use pingora::services::ServiceReadyNotifier;
use pingora::services::background::{BackgroundService, background_service};
use pingora::services::listening::Service;
use pingora_proxy::http_proxy;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};

pub use log::LogHandle;

use crate::admin::{self, Admin};
use crate::config::{self, Live};
use crate::metrics::Metrics;
use crate::proxy::{Proxy, Traffic};
use crate::upstream::{Keeper, warm_up};

/// How long the start waits for the first health checks before clients are let in.
const WARM_UP: Duration = Duration::from_secs(2);

/// An idle h2 connection of a client is closed after this.
const H2_IDLE: Duration = Duration::from_secs(75);

/// Pingora counts attempts; our own rule ends them long before.
const MAX_ATTEMPTS: usize = 64;

/// How long after the grace Pingora ends what should have ended itself by then.
const GRACE_BACKSTOP: Duration = Duration::from_secs(10);

/// Between two looks for cache entries that have ended.
const UPKEEP: Duration = Duration::from_secs(5);

/// Idle upstream connections that are kept, over all peers.
const POOLED_CONNECTIONS: usize = 1024;

/// Serves by the config at `path` until a signal ends the process.
pub fn run(path: PathBuf) -> anyhow::Result<()> {
    let loaded = config::load::load(&path)?;
    let log = Arc::new(log::start(&loaded.file.log)?);
    let metrics = Arc::new(Metrics::new()?);
    let live = Arc::new(Live::start(path, loaded, metrics.clone())?);
    let traffic = Arc::new(Traffic::new(metrics.in_flight.clone()));
    let startup = live.snapshot().startup.clone();
    refuse_taken(&startup.listen)?;

    let mut server = Server::new_with_opt_and_conf(None, configuration(&startup));
    server.bootstrap();
    let admin = Admin::bind(&startup.admin, live.clone(), metrics.clone(), traffic.clone(), log.clone())?;
    let mut proxy = http_proxy(&server.configuration, Proxy::new(live.clone(), metrics.clone(), traffic.clone()));
    proxy.server_options = Some(server_options());
    let mut proxy = Service::new("proxy".to_owned(), front::Front { proxy: Arc::new(proxy), metrics });
    // Heads and bodies are read into buffers of their own; by default every idle connection would keep 64 KiB besides.
    let buffer = L4BufferSettings::default().read(0);
    proxy.add_listener(ListenerConfig::tcp(&startup.listen).l4_buffer(buffer));

    let proxy = server.add_service(proxy);
    let pools = server.add_service(background_service("pools", Pools(live.clone())));
    proxy.add_dependency(&pools);
    let reloads = server.add_service(background_service("config", Reloads(live.clone())));
    proxy.add_dependency(&reloads);
    server.add_service(background_service("upkeep", Upkeep(live.clone())));
    server.add_service(background_service("admin", AdminService(admin)));
    let (listen, grace) = (startup.listen.clone(), startup.grace);
    let life = life::Life { live, listen, grace, traffic: traffic.clone(), log: log.clone() };
    server.add_service(background_service("life", life));
    let shutdown_signal = Box::new(life::Signals { traffic, delay: startup.drain_delay });
    server.run(RunArgs { shutdown_signal });
    // A stop that lets answers finish ends the process elsewhere.
    info!("Interrupted");
    log.flush();
    Ok(())
}

/// Pingora ends the process with a panic where it cannot bind; this says it in words, a moment earlier.
fn refuse_taken(listen: &str) -> anyhow::Result<()> {
    std::net::TcpListener::bind(listen).map(drop).with_context(|| format!("cannot listen on {listen}"))
}

fn configuration(startup: &config::Startup) -> ServerConf {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    ServerConf {
        threads: if startup.threads == 0 { cores() } else { startup.threads },
        grace_period_seconds: Some((startup.grace + GRACE_BACKSTOP).as_secs()),
        graceful_shutdown_timeout_seconds: Some(1),
        max_retries: MAX_ATTEMPTS,
        upstream_keepalive_pool_size: POOLED_CONNECTIONS,
        ..ServerConf::default()
    }
}

fn server_options() -> HttpServerOptions {
    let mut options = HttpServerOptions::default();
    options.h2c = true;
    options.h2_idle_timeout = Some(H2_IDLE);
    options
}

/// Keeps the pools of the newest snapshot.
struct Pools(Arc<Live>);

#[async_trait]
impl BackgroundService for Pools {
    async fn start_with_ready_notifier(&self, mut shutdown: ShutdownWatch, ready: ServiceReadyNotifier) {
        let mut changes = self.0.changes();
        let mut keeper = Keeper::default();
        warm_up(&self.0.snapshot().backends, WARM_UP).await;
        ready.notify_ready();
        loop {
            keeper.keep(&self.0.snapshot().backends);
            // Streams that finish while the process ends need no checks, but new retries may: keep on to the end.
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                _ = shutdown.wait_for(|_| false) => return,
            }
        }
    }
}

/// Reloads on a file's change and on SIGHUP.
struct Reloads(Arc<Live>);

#[async_trait]
impl BackgroundService for Reloads {
    async fn start_with_ready_notifier(&self, _shutdown: ShutdownWatch, ready: ServiceReadyNotifier) {
        let hang_up = signal(SignalKind::hangup()).inspect_err(|error| error!("cannot watch SIGHUP: {error}"));
        // Not before: to a process that does not watch for it, SIGHUP is the end.
        ready.notify_ready();
        let hang_ups = async {
            let Ok(mut hang_up) = hang_up else { return };
            while hang_up.recv().await.is_some() {
                let _ = self.0.reload("SIGHUP").await;
            }
        };
        tokio::join!(config::watch(self.0.clone()), hang_ups);
    }
}

/// Frees the memory of cache entries that have ended.
struct Upkeep(Arc<Live>);

#[async_trait]
impl BackgroundService for Upkeep {
    async fn start(&self, _shutdown: ShutdownWatch) {
        let mut ticks = tokio::time::interval(UPKEEP);
        loop {
            ticks.tick().await;
            let snapshot = self.0.snapshot();
            let Some(cache) = snapshot.caching.as_ref().map(|caching| caching.cache.clone()) else { continue };
            let swept = tokio::task::spawn_blocking(move || cache.local().expire()).await;
            if let Err(panic) = swept {
                error!("ended cache entries stay: {panic}");
            }
        }
    }
}

struct AdminService(Admin);

#[async_trait]
impl BackgroundService for AdminService {
    async fn start(&self, _shutdown: ShutdownWatch) {
        admin::serve(&self.0).await;
    }
}
