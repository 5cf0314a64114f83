#include "cli/models.h"

#include "lm/lm_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

bool models_path(char *ret_path, size_t size, const char *folder, const char *network, uint32_t uid)
{
    int used = snprintf(ret_path, size, "%s/models/%s%s%u.lm", folder,
                        network != NULL ? network : "", network != NULL ? "/" : "", uid);
    return used > 0 && (size_t)used < size;
}

/* An empty folder: what an earlier run has left there would pass for this one's. */
static enum sim_status prepare(const char *folder, const char *network, struct sim_error *err)
{
    char path[PATH_BYTES], file[PATH_BYTES + 256];
    if (snprintf(path, sizeof(path), "%s/models%s%s", folder, network != NULL ? "/" : "",
                 network != NULL ? network : "") >= (int)sizeof(path))
        return SIM_FAIL(err, SIM_CONFIG, "-o: the path is too long");
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return SIM_FAIL(err, SIM_IO, "cannot make the folder '%s': %s", path, strerror(errno));
    DIR *directory = opendir(path);
    if (directory == NULL)
        return SIM_FAIL(err, SIM_IO, "cannot read the folder '%s': %s", path, strerror(errno));
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        const char *ending = strrchr(entry->d_name, '.');
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        if (ending != NULL && strcmp(ending, ".lm") == 0)
            unlink(file);
    }
    closedir(directory);
    return SIM_OK;
}

static enum sim_status save_one(const char *folder, const char *network,
                                const struct agents *agents, const struct agents_setup *setup,
                                uint32_t uid, struct sim_error *err)
{
    char path[PATH_BYTES];
    uint32_t neuron = agents_of_uid(agents, uid), group;
    if (neuron == AGENT_NONE)
        return SIM_OK;
    if (!models_path(path, sizeof(path), folder, network, uid))
        return SIM_FAIL(err, SIM_CONFIG, "-o: the path is too long");
    const float *parameters = agents_parameters(agents, agents_info(agents, neuron).model, &group);
    return lm_save(path, setup->groups[group].lm, setup->groups[group].lm_shape, parameters, err);
}

static enum sim_status save_network(const char *folder, const char *network,
                                    const struct agents *agents, const struct agents_setup *setup,
                                    struct sim_error *err)
{
    enum sim_status status = prepare(folder, network, err);
    for (uint32_t uid = 0; uid < agents_uid_capacity(agents) && status == SIM_OK; uid++)
        status = save_one(folder, network, agents, setup, uid, err);
    return status;
}

enum sim_status models_save(const char *folder, const struct world *world,
                            const struct world_setup *setup, struct sim_error *err)
{
    if (setup->networks == NULL)
        return save_network(folder, NULL, world_agents(world, 0), &setup->agents, err);
    enum sim_status status = prepare(folder, NULL, err);
    for (uint32_t n = 0; n < setup->network_count && status == SIM_OK; n++)
        status = save_network(folder, setup->networks[n].name, world_agents(world, n),
                              &setup->networks[n].agents, err);
    return status;
}
