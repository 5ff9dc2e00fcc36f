extension SharedConfig {
    /// How to reach Redis; `RedisError.configuration` names what is wrong with the URL or the TLS files.
    package func redisConfiguration() throws(RedisError) -> RedisConfiguration {
        try RedisConfiguration(
            url: redisURL.reveal(), caFile: redisTLS.caFile, certFile: redisTLS.certFile, keyFile: redisTLS.keyFile)
    }
}
