module github.com/ragenv/ragenv/test/bench

go 1.26
