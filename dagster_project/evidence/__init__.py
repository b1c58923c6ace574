"""What makes a result provable: keys, ledgers, scans."""
