//! A Dask cluster for a test, by the Python that `ARRAY_PROTOCOL_PYTHON` names.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A cluster of two workers, which ends with its standard input.
pub struct Cluster {
    process: Child,
    pub address: String,
}

impl Cluster {
    pub fn new() -> Cluster {
        const PROGRAM: &str = "import sys, distributed
if __name__ == '__main__':
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=':0') as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
";
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("array-chunked-cluster-{}-{}.py", std::process::id(), NEXT.fetch_add(1, Relaxed));
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, PROGRAM).unwrap();
        let python = std::env::var("ARRAY_PROTOCOL_PYTHON").unwrap();
        let mut process = Command::new(python).arg(&file).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Cluster { process, address: address.trim().to_owned() }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
