//! Which cores the shards run on.

use proxy_config::model::Shards;

/// The core of each shard.
///
/// # Errors
/// When more shards are asked for than there are cores, or a core that the process may not use.
pub(super) fn choose(shards: &Shards) -> Result<Vec<usize>, String> {
    let usable: Vec<usize> =
        core_affinity::get_core_ids().unwrap_or_default().iter().map(|core| core.id).collect();
    choose_of(shards, &usable)
}

fn choose_of(shards: &Shards, usable: &[usize]) -> Result<Vec<usize>, String> {
    let listed = usable.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    match shards {
        Shards::Auto if usable.is_empty() => Err("no usable core was found".to_owned()),
        Shards::Auto => Ok(usable.to_vec()),
        Shards::Count(count) => usable.get(..*count).map(<[usize]>::to_vec).ok_or_else(|| {
            format!(
                "{count} shards are asked for, but the process may use {} cores only ({listed}): \
                 lower global.shards, or use \"auto\"",
                usable.len()
            )
        }),
        Shards::Cores(cores) => match cores.iter().find(|core| !usable.contains(core)) {
            None => Ok(cores.clone()),
            Some(core) => Err(format!(
                "global.shards names core {core}, which the process may not use; it may use {listed}"
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_among_the_usable_cores() {
        let usable = [1, 3, 4];
        let cases = [
            (Shards::Auto, Some(vec![1, 3, 4])),
            (Shards::Count(1), Some(vec![1])),
            (Shards::Count(3), Some(vec![1, 3, 4])),
            (Shards::Count(4), None),
            (Shards::Cores(vec![4, 1]), Some(vec![4, 1])),
            (Shards::Cores(vec![2]), None),
        ];
        for (shards, expected) in cases {
            assert_eq!(choose_of(&shards, &usable).ok(), expected, "{shards:?}");
        }
        let error = choose_of(&Shards::Count(4), &usable).unwrap_err();
        assert!(error.contains("4 shards") && error.contains("3 cores only (1, 3, 4)"), "{error}");
    }
}
