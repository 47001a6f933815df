"""Worker processes: each has Z3 and prepared snapshots, and may be killed; the service's process keeps the queue.

`pool` decides who works on what, `process` is one worker as the service's process sees it, `worker_main` is the worker.
"""
