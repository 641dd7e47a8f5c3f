#include "runtime/plot/scene.hpp"

#include <utility>

namespace antidrome::plot {

void Scene::add(Rectangle shape) { shapes.emplace_back(std::in_place_type<Rectangle>, shape); }
void Scene::add(Lines shape) { shapes.emplace_back(std::in_place_type<Lines>, std::move(shape)); }
void Scene::add(Discs shape) { shapes.emplace_back(std::in_place_type<Discs>, std::move(shape)); }
void Scene::add(Text shape) { shapes.emplace_back(std::in_place_type<Text>, std::move(shape)); }

}  // namespace antidrome::plot
