//! Fetches and converters of HAProxy that this release lacks, so that they are told apart from typing
//! mistakes. Each list is separated by blanks.

const FETCHES: &str = "51d.all avg_queue bc_be_queue bc_err bc_err_name bc_err_str bc_glitches \
    bc_nb_streams bc_rtt bc_rttvar bc_settings_streams_limit bc_srv_queue be_conn_free be_sess_rate \
    bs.aborted bs.debug_str bs.id bs.rst_code connslots cpu_calls cpu_ns_avg cpu_ns_tot distcc_body \
    distcc_param fc_dst_is_local fc_err fc_err_name fc_err_str fc_fackets fc_glitches fc_lost \
    fc_nb_streams fc_reordering fc_retrans fc_rtt fc_rttvar fc_sacked fc_saved_syn \
    fc_settings_streams_limit fc_src_is_local fc_unacked fe_req_rate fe_sess_rate \
    fe_tarpit_timeout fs.aborted fs.debug_str fs.id fs.rst_code internal.htx.data \
    internal.htx.free internal.htx.free_data internal.htx.has_eom internal.htx.nbblks \
    internal.htx.size internal.htx.used internal.htx_blk.data internal.htx_blk.hdrname \
    internal.htx_blk.hdrval internal.htx_blk.size internal.htx_blk.start_line \
    internal.htx_blk.type internal.strm.is_htx last_entity last_rule_file last_rule_line \
    lat_ns_avg lat_ns_tot prio_class prio_offset queue quic_enabled req.bytes_out req.hdrs_bin \
    res.bytes_in res.cache_hit res.cache_name res.comp res.comp_algo res.hdrs_bin \
    res.timer.data srv_conn_free srv_iweight srv_queue srv_sess_rate srv_uweight \
    ssl_bc_client_early_traffic_secret ssl_bc_client_handshake_traffic_secret \
    ssl_bc_client_random ssl_bc_client_traffic_secret_0 ssl_bc_early_exporter_secret ssl_bc_err \
    ssl_bc_err_str ssl_bc_exporter_secret ssl_bc_npn ssl_bc_server_handshake_traffic_secret \
    ssl_bc_server_random ssl_bc_server_traffic_secret_0 ssl_bc_session_id ssl_bc_session_key \
    ssl_bc_unique_id ssl_c_policies ssl_c_r_dn ssl_fc_cipherlist_bin ssl_fc_cipherlist_hex \
    ssl_fc_cipherlist_str ssl_fc_cipherlist_xxh ssl_fc_client_early_traffic_secret \
    ssl_fc_client_handshake_traffic_secret ssl_fc_client_random ssl_fc_client_traffic_secret_0 \
    ssl_fc_crtname ssl_fc_early_exporter_secret ssl_fc_ecformats_bin ssl_fc_eclist_bin ssl_fc_err \
    ssl_fc_err_str ssl_fc_exporter_secret ssl_fc_extlist_bin ssl_fc_npn ssl_fc_protocol_hello_id \
    ssl_fc_server_handshake_traffic_secret ssl_fc_server_random ssl_fc_server_traffic_secret_0 \
    ssl_fc_session_id ssl_fc_session_key ssl_fc_sigalgs_bin ssl_fc_supported_versions_bin \
    ssl_fc_unique_id table_avl table_cnt term_events waiting_entity";

const CONVERTERS: &str = "51d.single aes_cbc_dec aes_cbc_enc aes_gcm_dec aes_gcm_enc da-csv-conv date \
    eth.data eth.dst eth.hdr eth.proto eth.src eth.vlan fix_is_valid fix_tag_value in_table ip.data \
    ip.df ip.dst ip.fp ip.hdr ip.proto ip.src ip.tos ip.ttl ip.ver jwt_decrypt_cert \
    jwt_decrypt_jwk jwt_decrypt_secret jwt_verify_cert mqtt_field_value mqtt_is_valid protobuf \
    srv_queue tcp.dst tcp.flags tcp.options.mss tcp.options.sack tcp.options.tsopt \
    tcp.options.tsval tcp.options.wscale tcp.options.wsopt tcp.options_list tcp.seq tcp.src \
    tcp.win ungrpc";

/// What a tracked counter tells, behind `sc_`, `sc0_`, `sc1_`, `sc2_` or `src_`.
const COUNTERS: &str = "bytes_in_rate bytes_out_rate clr_gpc clr_gpc0 clr_gpc1 conn_cnt conn_cur \
    conn_rate get_gpc get_gpc0 get_gpc1 get_gpt get_gpt0 glitch_cnt glitch_rate gpc0_rate gpc1_rate \
    gpc_rate http_err_cnt http_err_rate http_fail_cnt http_fail_rate http_req_cnt http_req_rate \
    inc_gpc inc_gpc0 inc_gpc1 kbytes_in kbytes_out key sess_cnt sess_rate tracked trackers \
    updt_conn_cnt";

/// What an entry of a stick table tells, behind `table_`.
const ENTRIES: &str = "bytes_in_rate bytes_out_rate clr_gpc clr_gpc0 clr_gpc1 conn_cnt conn_cur \
    conn_rate expire glitch_cnt glitch_rate gpc gpc0 gpc0_rate gpc1 gpc1_rate gpc_rate gpt gpt0 \
    http_err_cnt http_err_rate http_fail_cnt http_fail_rate http_req_cnt http_req_rate idle inc_gpc \
    inc_gpc0 inc_gpc1 kbytes_in kbytes_out server_id sess_cnt sess_rate trackers";

pub(super) fn fetches() -> impl Iterator<Item = &'static str> {
    FETCHES.split_whitespace()
}

pub(super) fn converters() -> impl Iterator<Item = &'static str> {
    CONVERTERS.split_whitespace()
}

pub(super) fn is_fetch(name: &str) -> bool {
    let counter =
        name.split_once('_').filter(|(of, _)| matches!(*of, "sc" | "sc0" | "sc1" | "sc2" | "src"));
    fetches().any(|known| known == name)
        || counter.is_some_and(|(_, what)| COUNTERS.split_whitespace().any(|known| known == what))
        || name.starts_with("lua.")
}

pub(super) fn is_converter(name: &str) -> bool {
    let entry = name.strip_prefix("table_");
    converters().any(|known| known == name)
        || entry.is_some_and(|what| ENTRIES.split_whitespace().any(|known| known == what))
        || name.starts_with("lua.")
}
